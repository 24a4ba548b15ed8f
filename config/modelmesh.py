# SPDX-License-Identifier: MPL-2.0
"""Section `modelmesh`: pods on which models of serving kind `modelmesh` take turns."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from .scalars import DnsLabel, ImageRef, Memory, ObjectName
from .section import Section


class Sleep(Section):
    """An engine that makes room sleeps: weights in main memory while the budget holds, else dropped, else it ends.
    It wakes in a second or so."""

    kind: Literal["sleep"]

    memory: Memory
    """Main memory that sleeping engines may hold together. It comes on top of what engines need awake: a profile's
    `resources.memory` holds both."""

    most: Annotated[int, Field(ge=1, le=100, strict=True)] = 8
    """Engines that may sleep at once."""

    engine_memory: Memory = "4Gi"
    """Main memory of a sleeper besides its weights: its processes and what CUDA keeps."""

    gpu_memory: Memory = "1Gi"
    """GPU memory that a sleeper keeps (CUDA context), taken off what models may use for `most` of them."""

    idle_seconds: Annotated[int, Field(ge=60, le=604_800, strict=True)] = 86_400
    """A sleeper that nobody called for so long ends."""


class Restart(Section):
    """An engine that makes room ends, and is started from its files again: minutes. For pools without sleep (no CUDA),
    and where main memory is short."""

    kind: Literal["restart"]


MeshStrategy = Annotated[Sleep | Restart, Field(discriminator="kind")]
"""What becomes of engines that make room."""


class MeshRuntime(Section):
    """Pods of a run profile that models share. ModelMesh loads a model it deems popular in several of them."""

    replicas: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    """Pods, each with the profile's GPUs."""

    gpu_memory_utilization: Annotated[Decimal, Field(gt=0, le=Decimal("0.98"))] = Decimal("0.90")
    """Part of the GPUs' memory that all engines of a pod may use together."""

    strategy: MeshStrategy
    """What becomes of engines that make room."""

    drain_seconds: Annotated[int, Field(ge=1, le=600, strict=True)] = 30
    """How long a model that makes room waits for answers on their way; then they are cut short."""


class Mesh(Section):
    """ModelMesh and what stands around it."""

    image: ImageRef
    """Image of `runtimes/modelmesh_vllm`, built from its Dockerfile: runtime and front."""

    runtimes: Annotated[dict[DnsLabel, MeshRuntime], Field(min_length=1)]
    """Pods by the run profile that gives them GPUs, cores and memory. A model names the profile."""

    fronts: Annotated[int, Field(ge=1, le=20, strict=True)] = 2
    """Replicas of the front, which speaks HTTP for all of them."""

    churn_seconds: Annotated[int, Field(ge=0, le=3600, strict=True)] = 30
    """A model that was used so recently makes room for no other one; callers of that get 503. ModelMesh's own default
    is 10 minutes, for models that load in a blink and are called all the time."""

    storage: Memory = "1Gi"
    """Disk of its registry (etcd)."""

    storage_class: ObjectName | None = None
    """StorageClass of that disk; the cluster's default, if left out."""
