# SPDX-License-Identifier: MPL-2.0
"""Bytes and command lines of models that share pods: what ModelMesh counts, and what their engines are started with."""

import json
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from config.models import Model
from config.pools import Pool
from config.serving.modelmesh import ModelMesh
from config.serving.modelmesh_rules import engine_memory

from .engine import compact, engine_arguments, number_formats
from .llm_d_pods import tensor

GIBIBYTE = 2**30
CLAIMS = "/mnt/models"
"""Folder below which claims are mounted in the pods."""


def whole(gibibytes: Decimal) -> int:
    """Bytes, rounded up."""
    return int((gibibytes * GIBIBYTE).to_integral_value(ROUND_UP))


def path(source: str) -> str:
    """What an engine is told of a source: a folder, or a repository of the hub."""
    scheme, _, rest = source.partition("://")
    return f"{CLAIMS}/{rest}" if scheme == "pvc" else rest


def claims(models: Mapping[str, Model]) -> list[str]:
    """Claims that hold weights of models and adapters."""
    sources = [model.source for model in models.values()]
    sources += [one.source for model in models.values() if model.lora for one in model.lora.adapters.values()]
    return sorted({source.removeprefix("pvc://").split("/")[0] for source in sources if source.startswith("pvc://")})


def cache_bytes(model: Model) -> int:
    """Bytes of the KV cache on all GPUs together."""
    return whole(model.cache)


def arguments(model: Model, pool: Pool, version: str) -> list[str]:
    """Command line of a model's engine, after its path, name and port.

    Several engines share GPUs: each gets a KV cache of fixed bytes, and the part of the memory that vLLM looks for at
    its start is the model's own (source: vLLM 0.33, `request_memory`).
    """
    bare = model.model_copy(
        update={"lora": model.lora.model_copy(update={"adapters": {}})} if model.lora else {}
    )  # adapters come and go by themselves
    part = min(engine_memory(model) / max(model.gpus, 1) / pool.share_memory, Decimal("0.98")).quantize(
        Decimal("0.001"), ROUND_UP
    )
    given = [word for word in engine_arguments(bare, version) if not word.startswith("--gpu-memory-utilization=")]
    cache = cache_bytes(model)
    return [
        f"--gpu-memory-utilization={part}",
        *([f"--kv-cache-memory-bytes={-(-cache // max(model.gpus, 1))}"] if cache else []),
        *given,
        *number_formats(model.size),
        *tensor(model.gpus),
    ]


def parameters(model: Model, pool: Pool, version: str, strategy: str) -> dict[str, str]:
    """What a Predictor tells the runtime (`modelmesh_vllm.model.Parameters`): all of them texts."""
    if not isinstance(model.serving, ModelMesh):
        raise TypeError(f"a model of kind {model.serving.kind} shares no pods")
    cache = cache_bytes(model)
    asleep = ["--enable-sleep-mode"] if strategy == "sleep" else []
    return {
        "strategy": strategy,
        "weightsBytes": str(whole(engine_memory(model)) - cache),
        "kvBytes": str(cache),
        "concurrency": str(model.serving.concurrency),
        "arguments": json.dumps([*asleep, *arguments(model, pool, version)]),
    }


def adapter_parameters(base: str, concurrency: int, *, adapter: bool) -> dict[str, str]:
    """The same of a model with adapters and of each adapter: the base stays, and its bytes are no part of theirs."""
    return {"strategy": "lora", "base": base, "concurrency": str(concurrency), "adapter": compact(adapter)}
