# SPDX-License-Identifier: MPL-2.0
"""Makes tiny models with random weights. Run in vLLM's environment, as a file: it imports nothing of andel.

`python tiny_models.py TASK FOLDER [ADAPTER …]`: a model that vLLM can serve for that task, and adapters of its shapes.
Weights are random but the same each time, so that a test's answers are.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HIDDEN, LAYERS, HEADS, HEAD = 128, 2, 2, 64
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
LONGEST = 40_000
"""Positions of the decoder: those of the longest context in the tests' environments, so that none is cut here."""


def tokenizer(folder: Path) -> int:
    """A tokenizer of one token a byte; returns the size of its vocabulary."""
    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=[], unk_token="<unk>"))  # noqa: S106
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, chat_template=TEMPLATE, **names)
    fast.save_pretrained(folder)
    return len(words)


def chat(folder: Path) -> None:
    """A decoder."""
    config = transformers.LlamaConfig(
        vocab_size=tokenizer(folder),
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=HEAD,
        max_position_embeddings=LONGEST,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)


def encoder(folder: Path, kind: str, labels: int) -> None:
    """An encoder after XLM-RoBERTa, as multilingual-e5 and bge-reranker are."""
    config = transformers.XLMRobertaConfig(
        vocab_size=tokenizer(folder),
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=8194,
        type_vocab_size=1,
        position_embedding_type="absolute",  # as published configurations say; vLLM asks for it
        num_labels=labels,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)


def speech(folder: Path) -> None:
    """A Whisper with the languages that its processor needs to know."""
    marks = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|da|>", "<|translate|>", "<|transcribe|>"]
    marks += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: index for index, word in enumerate([*letters, *marks])}
    words = transformers.WhisperTokenizer(vocab=vocabulary, merges=[], additional_special_tokens=marks)
    transformers.WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    words.save_pretrained(folder)
    end, start = vocabulary["<|endoftext|>"], vocabulary["<|startoftranscript|>"]
    config = transformers.WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=HIDDEN,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=2 * HIDDEN,
        decoder_ffn_dim=2 * HIDDEN,
        num_mel_bins=80,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)


def adapter(folder: Path, seed: int) -> None:
    """A LoRA adapter of the decoder's attention, as PEFT writes it; large enough to change what is said."""
    torch.manual_seed(seed)
    rank, tensors = 8, {}
    for layer in range(LAYERS):
        for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
            at = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            tensors[f"{at}.lora_A.weight"] = torch.randn(rank, HIDDEN)
            tensors[f"{at}.lora_B.weight"] = torch.randn(HEADS * HEAD, rank)
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 16,
        "bias": "none",
    }
    config["target_modules"] = ["q_proj", "k_proj", "v_proj", "o_proj"]
    (folder / "adapter_config.json").write_text(json.dumps(config))


def main() -> None:
    """Make what the command line asks for."""
    task, folder, *adapters = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
    torch.manual_seed(7)
    {
        "chat": lambda: chat(folder),
        "embedding": lambda: encoder(folder, "XLMRobertaModel", 2),
        "rerank": lambda: encoder(folder, "XLMRobertaForSequenceClassification", 1),
        "classification": lambda: encoder(folder, "XLMRobertaForSequenceClassification", 3),
        "transcription": lambda: speech(folder),
    }[task]()
    for seed, name in enumerate(adapters):
        adapter(folder / "adapters" / name, seed)


if __name__ == "__main__":
    main()
