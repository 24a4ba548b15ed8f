# SPDX-License-Identifier: MPL-2.0
"""Serving kind `kubeai`: KubeAI's Model, pods of one engine behind KubeAI's own proxy.

The proxy queues requests while no replica stands, repeats those that a pod drops, and chooses the pod.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from ..scalars import ArgumentName, DnsLabel, form
from ..section import Section

FilePath = Annotated[
    str, form(r"^(/[A-Za-z0-9_.][-A-Za-z0-9_.]*)+$", "write an absolute path, as /etc/engine/template.jinja", 1024)
]
"""A file in a pod. KubeAI takes no colon in it (source: its definition)."""


class LeastLoad(Section):
    """The pod with the fewest requests in flight."""

    kind: Literal["least-load"] = "least-load"


class PrefixHash(Section):
    """The pod that a prompt's beginning belongs to, so that its KV cache is used again (hashing with bounded loads)."""

    kind: Literal["prefix-hash"]

    mean_load_factor: Annotated[int, Field(ge=100, le=1000, strict=True)] = 125
    """Load of a pod, in percent of the mean, above which another one is taken."""

    replication: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 256
    """Places of each pod on the ring of hashes. KubeAI can't change it: with another number the Model is made anew."""

    prefix_char_length: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 100
    """Characters of a prompt that make up its beginning."""


LoadBalancing = Annotated[LeastLoad | PrefixHash, Field(discriminator="kind")]
"""How the proxy chooses a pod."""


class _Cached(Section):
    """What all engines but OLlama share."""

    cache_profile: DnsLabel | None = None
    """Cache profile of KubeAI in which weights are kept for all pods. Where the platform manages KubeAI, the profile is
    the StorageClass of this name, whose volumes many nodes may write. KubeAI can't change it: with another name the
    Model is made anew."""


class Vllm(_Cached):
    """vLLM: chat, embeddings and rerank; the one engine with adapters, and the release's own image."""

    kind: Literal["vllm"] = "vllm"


class Ollama(Section):
    """Ollama: chat and embeddings of models that stand in a registry of Ollama's (`ollama://`)."""

    kind: Literal["ollama"]


class Infinity(_Cached):
    """Infinity: embeddings and rerank."""

    kind: Literal["infinity"]

    arguments: dict[ArgumentName, Any] = {}
    """Arguments of `infinity_emb v2` without dashes, as `batch-size: 32`."""


class FasterWhisper(_Cached):
    """faster-whisper: transcription of speech. Its image is the model's own (`image`): KubeAI names `latest` alone."""

    kind: Literal["faster-whisper"]


Engine = Annotated[Vllm | Ollama | Infinity | FasterWhisper, Field(discriminator="kind")]
"""One of KubeAI's engines."""


class KubeAi(Section):
    """KubeAI's Model. KubeAI stands in the models' namespace: it sees no other."""

    kind: Literal["kubeai"]

    engine: Engine = Vllm()
    """What runs in the pods."""

    load_balancing: LoadBalancing = LeastLoad()
    """How the proxy chooses a pod."""

    files: Annotated[dict[FilePath, Annotated[str, Field(max_length=100_000)]], Field(max_length=10)] = {}
    """Files in every pod, by their path. No secrets: they lie in a ConfigMap."""
