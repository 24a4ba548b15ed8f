# SPDX-License-Identifier: MPL-2.0
"""What the runtime and the front are told at their start: one JSON file each, judged whole before anything runs."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Bytes = Annotated[int, Field(ge=0, le=2**53)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Some = Annotated[int, Field(ge=1, le=100_000)]

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """A part of a settings file: unknown fields are refused, names are camelCase."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def read(cls: type[S], file: Path) -> S:
        """The settings of a file.

        Raises:
            pydantic.ValidationError: they are not of this form.
            OSError: the file can't be read.
        """
        return cls.model_validate_json(file.read_bytes())


class Strategy(StrEnum):
    """What becomes of an engine whose model makes room."""

    SLEEP = "sleep"
    """It sleeps: weights in main memory (level 1) while the budget holds, else dropped (level 2), else it ends."""

    RESTART = "restart"
    """It ends, and is started again: machines without CUDA have no sleep."""

    LORA = "lora"
    """The model is an adapter on a base engine that stays."""


class Tls(Settings):
    """Certificate and key of this end, and the authority that the other end's must come from."""

    certificate: Path
    key: Path
    authority: Path


class Limits(Settings):
    """What one request may take."""

    body_bytes: Bytes = 32 * 1024 * 1024
    """Largest request, and largest answer of a unary call. Speech comes in bodies of up to 25 MB."""

    request_seconds: Seconds = 600
    """Longest answer, streams included."""

    queue: Annotated[int, Field(ge=0, le=100_000)] = 256
    """Requests of one model that wait for their turn; more are told to come again (429)."""

    queue_seconds: Seconds = 30
    """Longest wait for a turn."""


class Base(Settings):
    """An engine that stays in GPU memory for the adapters on it. Its bytes are no part of the capacity reported."""

    path: str
    """Folder or name of its weights."""

    gpu_bytes: Bytes
    """Bytes that it holds: weights, KV cache and adapters' room."""

    kv_bytes: Bytes = 0
    arguments: tuple[str, ...] = ()
    concurrency: Some = 256


class RuntimeSettings(Settings):
    """The runtime of one pod."""

    gpu_bytes: Bytes
    """GPU bytes that models may hold together, those of bases included."""

    host_bytes: Bytes = 0
    """Main memory that sleeping engines may hold together."""

    engine_host_bytes: Bytes = 4 * 1024**3
    """Main memory that a sleeping engine holds besides its weights (processes, CUDA context)."""

    sleeper_gpu_bytes: Bytes = 0
    """GPU bytes that a sleeping engine keeps (CUDA context): taken off the capacity for `most_sleepers` of them."""

    most_sleepers: Annotated[int, Field(ge=0, le=1000)] = 8
    """Engines that may sleep at once."""

    sleeper_seconds: Seconds = 86_400
    """A sleeper that nobody called for so long ends."""

    command: tuple[str, ...] = ("vllm", "serve", "{path}")
    """Program of an engine; `{path}`, `{name}`, `{port}` and `{kv_bytes}` are filled in, a model's arguments follow."""

    environment: dict[str, str] = {}
    """Variables of engines, beside this program's own."""

    gauge: Literal["device", "process"] = "device"
    """What is measured: memory of the pod's GPUs (NVML), or of the engines' processes on machines without one."""

    default_strategy: Strategy = Strategy.SLEEP
    default_bytes: Bytes = 1024**3
    """Size of a model whose key says nothing. A pod counts as full when less than this is free: keep it small."""

    default_kv_bytes: Bytes = 1024**3
    default_concurrency: Some = 256

    bases: dict[str, Base] = {}
    """Engines for adapters, by the name that keys of models use."""

    load_seconds: Seconds = 1800
    """Longest cold start."""

    wake_seconds: Seconds = 120
    """Longest wake; then the engine is started anew."""

    drain_seconds: Seconds = 30
    """How long an unload waits for answers on their way; then they are broken off."""

    stop_seconds: Seconds = 30
    """How long an engine may take to end by itself."""

    free_seconds: Seconds = 30
    """How long memory may take to show as free once an engine let go of it."""

    health_seconds: Seconds = 5
    """Time between two looks at an engine."""

    health_failures: Some = 6
    """Looks in a row that must fail before an engine counts as hung and is killed."""

    management: str = "127.0.0.1:8085"
    """Where ModelMesh in the same pod finds the gRPC services; `unix:/path` works too."""

    data_host: str = "0.0.0.0"  # noqa: S104 (other pods come here; a network policy says which)
    data_port: Port = 8443
    """Where fronts come to stream."""

    advertised: str = Field(default_factory=lambda: os.environ.get("POD_IP", "127.0.0.1"))
    """Address of this pod, which fronts are told; that of `POD_IP`, if left out."""

    status_host: str = "0.0.0.0"  # noqa: S104 (Prometheus and the kubelet)
    status_port: Port = 9400
    """Metrics and probes."""

    tls: Tls | None = None
    """Of the data port; fronts must show a certificate of the same authority. None is for tests on loopback."""

    limits: Limits = Limits()

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.capacity <= 0:
            raise ValueError("bases and sleepers leave no GPU memory for models; raise gpuBytes")
        return self

    @property
    def capacity(self) -> int:
        """GPU bytes that ModelMesh may fill: without bases, and without what sleepers keep."""
        kept = self.sleeper_gpu_bytes * self.most_sleepers
        return self.gpu_bytes - kept - sum(base.gpu_bytes for base in self.bases.values())


class FrontSettings(Settings):
    """The front: stateless, as many as one likes."""

    modelmesh: str
    """Address of ModelMesh's gRPC port, as `dns:///modelmesh-serving.andel-serving:8033`."""

    models: tuple[str, ...] = ()
    """Names that `/v1/models` lists; others are asked for all the same, since ModelMesh knows them."""

    alias: bool = True
    """Whether names are aliases (vmodels, as modelmesh-serving makes them) rather than ids of models."""

    host: str = "0.0.0.0"  # noqa: S104 (the gateway comes here; a network policy says who may)
    port: Port = 8443
    status_host: str = "0.0.0.0"  # noqa: S104
    status_port: Port = 9400
    plain: bool = False
    """Whether its own port speaks plain HTTP all the same, to a gateway that a network policy lets in alone."""

    tls: Tls | None = None
    """Of its own port, and to ModelMesh and the pods: one authority. None is for tests on loopback."""

    pod_name: str = "modelmesh"
    """Name in the certificates of pods, which are reached by their addresses."""

    callers_authority: Path | None = None
    """Where callers must show certificates, the authority of those. None lets everybody in who reaches the port."""

    locate_seconds: Seconds = 1800
    """Longest wait for a model to be loaded. ModelMesh's own patience is several load times."""

    locates: Annotated[int, Field(ge=1, le=10)] = 4
    """How often a model that moved away is looked for in one request."""

    touch_seconds: Seconds = 30
    """Time between two signs that a long stream still uses its model, so that it isn't evicted."""

    retry_after_seconds: Some = 10
    limits: Limits = Limits()
