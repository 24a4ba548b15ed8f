# SPDX-License-Identifier: MPL-2.0
"""Serving kind `huggingface`: KServe's InferenceService on its Hugging Face runtime.

KServe is about to take vLLM out of this runtime (kserve#4770), and serves vLLM by a runtime of its own: a model here is
told about at every preview and check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..scalars import form
from ..scaling import Load
from ..section import Mistake, Section

if TYPE_CHECKING:
    from ..environment import Environment
    from ..models import Model

DEPRECATED = "KServe's Hugging Face runtime is deprecated: vLLM leaves it (kserve#4770)"
"""Notice to whoever still uses this kind."""

Revision = Annotated[str, form(r"^[A-Za-z0-9][-A-Za-z0-9._/]*$", "write a branch, a tag or a commit of the hub", 200)]
"""A branch, tag or commit of a repository on the Hugging Face hub."""

DType = Literal["auto", "float16", "bfloat16", "float32"]
"""Types of weights that both back ends take (source: KServe v0.20.0, huggingfaceserver/__main__.py)."""


class VllmBackend(Section):
    """vLLM, inside KServe's server: chat, embeddings and rerank."""

    kind: Literal["vllm"] = "vllm"


class TransformersBackend(Section):
    """Transformers, as Hugging Face writes them: for architectures that vLLM has not."""

    kind: Literal["huggingface"]

    task: Literal[
        "text_generation",
        "text2text_generation",
        "text_embedding",
        "sequence_classification",
        "token_classification",
        "fill_mask",
    ]
    """What the model does, in the server's words (source: KServe v0.20.0, huggingfaceserver/task.py)."""


Backend = Annotated[VllmBackend | TransformersBackend, Field(discriminator="kind")]
"""What computes."""


class HuggingFace(Section):
    """KServe's InferenceService on its Hugging Face runtime. Deprecated: `kserve` serves the same models by vLLM."""

    kind: Literal["huggingface"]

    backend: Backend = VllmBackend()
    """What computes."""

    dtype: DType = "auto"
    """Type of weights in memory; `auto` takes that of the files."""

    model_revision: Revision | None = None
    """Revision of the model on the hub; its newest, if left out."""

    tokenizer_revision: Revision | None = None
    """Revision of the tokenizer on the hub; its newest, if left out."""

    @property
    def fetches(self) -> bool:
        """Whether the server fetches weights itself: a revision means something on the hub alone."""
        return self.model_revision is not None or self.tokenizer_revision is not None


TASKS = {
    "vllm": ("chat", "embedding", "rerank"),
    "text_generation": ("chat",),
    "text2text_generation": ("chat",),
    "text_embedding": ("embedding",),
    "sequence_classification": ("classification",),
    "token_classification": ("classification",),
    "fill_mask": ("classification",),
}
"""What a model may be for, by back end or by the server's task. Classification is answered on KServe's own protocol."""


def _served(environment: Environment) -> Iterator[tuple[str, Model, HuggingFace]]:
    for name, model in environment.models.items():
        if isinstance(model.serving, HuggingFace):
            yield name, model, model.serving


def tasks_of_another_backend(environment: Environment) -> Iterator[Mistake]:
    """Back end and task fit what the model is for."""
    for name, model, serving in _served(environment):
        backend = serving.backend
        word = backend.task if isinstance(backend, TransformersBackend) else backend.kind
        if model.task not in TASKS[word]:
            path = (
                "models",
                name,
                "serving",
                "backend",
                "task" if isinstance(backend, TransformersBackend) else "kind",
            )
            fitting = [key for key, tasks in TASKS.items() if model.task in tasks]
            mend = f"write one of {', '.join(fitting)}" if fitting else "serve it by kserve"
            yield Mistake(path, f"{word} is for {', '.join(TASKS[word])}, and this model for {model.task}", mend)


def revisions_off_the_hub(environment: Environment) -> Iterator[Mistake]:
    """A revision belongs to a repository of the hub, and what is fetched for the pool's disks is the newest."""
    for name, model, serving in _served(environment):
        fields = {"modelRevision": serving.model_revision, "tokenizerRevision": serving.tokenizer_revision}
        for field in (field for field, revision in fields.items() if revision is not None):
            path = ("models", name, "serving", field)
            if not model.source.startswith("hf://"):
                yield Mistake(path, "revisions are the hub's, and the source is not hf://", "take it away")
            elif model.cached or model.names:
                wrong = "weights beside adapters, or on the pool's disks, are fetched by KServe, which takes the newest"
                yield Mistake(path, wrong, "take it away, or take cached and adapters away")


def vllm_settings_of_transformers(environment: Environment) -> Iterator[Mistake]:
    """What is said to vLLM, Transformers don't hear."""
    for name, model, serving in _served(environment):
        if not isinstance(serving.backend, TransformersBackend):
            continue
        default = type(model).model_fields["gpu_memory_utilization"].default
        said = {
            "arguments": bool(model.arguments),
            "lora": model.lora is not None,
            "tracing": model.tracing,
            "gpuMemoryUtilization": model.gpu_memory_utilization != default,
        }
        for field in (field for field, there in said.items() if there):
            wrong = "it is vLLM's, and the back end is huggingface"
            yield Mistake(("models", name, field), wrong, "take it away, or write backend vllm")


def load_of_transformers(environment: Environment) -> Iterator[Mistake]:
    """Load is read from vLLM's metrics."""
    for name, model, serving in _served(environment):
        if isinstance(model.scaling, Load) and isinstance(serving.backend, TransformersBackend):
            path = ("models", name, "scaling", "kind")
            yield Mistake(path, "back end huggingface tells no load", "write fixed, or backend vllm")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    tasks_of_another_backend,
    revisions_off_the_hub,
    vllm_settings_of_transformers,
    load_of_transformers,
)
"""Every rule of the Hugging Face runtime."""
