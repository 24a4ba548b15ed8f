# SPDX-License-Identifier: MPL-2.0
"""Section `models`: the catalogue. A model's key is its public name; where and how it runs may change behind it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from .canary import Canary
from .lora import Lora
from .overflow import ModelOverflow
from .resources import Resources
from .scalars import ArgumentName, DnsLabel, ImageRef, ModelName, ModelUri, ObjectName, SecretKeyName, VariableName
from .scaling import Fixed, Load, Scaling
from .section import Section
from .serving import ModelMesh, Serving
from .serving.llm_d import Data, LlmD
from .sizes import Size
from .workload import Workload

OVERHEAD = Decimal(2)
"""GiB of a GPU that vLLM, CUDA graphs and NCCL need beside weights and KV cache: an upper estimate for one GPU."""


class Task(StrEnum):
    """What a model is asked for; it decides the routes of the OpenAI API and vLLM's runner."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    CLASSIFICATION = "classification"
    TRANSCRIPTION = "transcription"

    @property
    def pools(self) -> bool:
        """Whether it gives vectors or scores instead of text; such models keep no KV cache between tokens."""
        return self in (Task.EMBEDDING, Task.RERANK, Task.CLASSIFICATION)


class SecretKey(Section):
    """A key of a Secret in the models' namespace. Who keeps the secret store writes it; the platform never reads it."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKeyName
    """Key in it."""


class Model(Section):
    """An entry of the catalogue."""

    display_name: Annotated[str, Field(min_length=1, max_length=80)]
    """Name for people, as `Mistral Small 3.2`."""

    task: Task
    """What it is for: `chat`, `embedding`, `rerank` (scores too), `classification` or `transcription` (and translation
    of speech)."""

    source: ModelUri
    """Where its weights come from."""

    credentials: ObjectName | None = None
    """Secret in the models' namespace that opens the source: S3 keys with KServe's annotations for the endpoint, or
    `HF_TOKEN` for a gated model."""

    cached: bool = False
    """Whether its weights are kept on the pool's own disks (KServe LocalModelCache), so that they are fetched once."""

    size: Size
    """How large it is."""

    context_tokens: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
    """Longest request in tokens, prompt and answer together (vLLM: `--max-model-len`)."""

    profile: DnsLabel | None = None
    """Profile of the environment that gives `pool`, `gpus` and `resources`, as far as they are left out here."""

    pool: DnsLabel
    """Pool whose nodes it runs on."""

    gpus: Annotated[int, Field(ge=0, le=16, strict=True)] = 1
    """Shares of the pool for one pod; with more than one GPU the model is split among them (tensor parallelism). 0 runs
    it on cores, on vLLM's image for processors."""

    gpu_memory_utilization: Annotated[Decimal, Field(gt=0, le=Decimal("0.98"))] = Decimal("0.90")
    """Part of a share's memory that vLLM may use."""

    resources: Resources
    """Cores and main memory of one pod."""

    load_seconds: Annotated[int, Field(ge=10, le=7200, strict=True)] = 1800
    """Longest time from a pod's start until it answers, weights and warm-up together. Slower pods are started anew."""

    scaling: Scaling = Fixed()
    """How many replicas there are."""

    stopped: bool = False
    """Whether it is switched off: its name, route and limits stay, its pods go."""

    canary: Canary | None = None
    """Another entry that answers a part of its requests, to try a new version."""

    overflow: ModelOverflow | None = None
    """Where requests may go that its pods can't take, for municipalities that opted in."""

    lora: Lora | None = None
    """Adapters on its weights."""

    arguments: dict[ArgumentName, Any] = {}
    """Further arguments of `vllm serve` without dashes, as `max-num-seqs: 64`; judged against the release's vLLM."""

    variables: dict[VariableName, Annotated[str, Field(max_length=1000)]] = {}
    """Environment variables of the engine."""

    secrets: dict[VariableName, SecretKey] = {}
    """Environment variables of the engine whose values stand in Secrets."""

    image: ImageRef | None = None
    """An image of one's own instead of the release's."""

    tracing: bool = False
    """Whether requests are traced into the engine, to `monitoring.traces`."""

    priority_class: ObjectName | None = None
    """PriorityClass of its pods: who is pushed out first when nodes are lost."""

    queue: DnsLabel | None = None
    """Kueue's LocalQueue in the models' namespace that its pods wait in. Left out, it is that of
    `pooling.models`, where pooling is declared."""

    serving: Serving
    """The runtime that carries it."""

    @property
    def weights(self) -> Decimal:
        """GiB of the weights of one replica."""
        return self.size.weights

    @property
    def cache(self) -> Decimal:
        """GiB of the KV cache that one replica must hold."""
        if self.size.kv_cache is None:
            return Decimal(0)
        return self.size.kv_cache.bytes_per_token * self.context_tokens * self.size.kv_cache.sequences / 2**30

    def memory_per_share(self, workload: Workload) -> Decimal:
        """GiB that each share of a workload must have."""
        total = max(workload.gpus * workload.pods, 1)
        # With more GPUs than heads, several GPUs hold the same head.
        copies = max(Decimal(workload.tensor) / self.size.kv_cache.heads, Decimal(1)) if self.size.kv_cache else 1
        return self.weights / workload.split + copies * self.cache / total + OVERHEAD

    @property
    def names(self) -> tuple[ModelName, ...]:
        """The public names that it answers to: its adapters' beside its own, which the catalogue holds."""
        return tuple(self.lora.adapters) if self.lora else ()

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """What it puts on its pool, its main part first."""
        return (self._main(), *self._prefill()) if isinstance(self.serving, LlmD) else (self._main(),)

    @property
    def asleep_seconds(self) -> int | None:
        """Seconds until a replica answers, of a model that may have none and holds no request."""
        scaling = self.scaling
        unheld = isinstance(scaling, Load) and not scaling.least and scaling.when_asleep == "refuse"
        return self.load_seconds if unheld else None

    @property
    def shared(self) -> bool:
        """Whether it runs on pods of several models, which no model asks for by itself."""
        return isinstance(self.serving, ModelMesh)

    @property
    def shares(self) -> int:
        """Shares of the pool that are always spoken for."""
        return 0 if self.stopped or self.shared else sum(workload.shares for workload in self.workloads)

    @property
    def most_shares(self) -> int:
        """Shares of the pool at the highest load."""
        return 0 if self.stopped or self.shared else sum(workload.most_shares for workload in self.workloads)

    def _main(self) -> Workload:
        pods, split, tensor = 1, self.gpus, self.gpus
        if isinstance(self.serving, LlmD):
            spread = self.serving.spread
            pods, tensor = spread.pods, spread.tensor if isinstance(spread, Data) else self.gpus
            split = tensor if isinstance(spread, Data) and not spread.experts else self.gpus * pods
        return Workload(
            path=(),
            gpus=self.gpus,
            pods=pods,
            split=max(split, 1),
            tensor=max(tensor, 1),
            least=self.scaling.least,
            most=self.scaling.most,
            cpu=self.resources.cpu,
            memory=self.resources.memory,
            utilization=self.gpu_memory_utilization,
        )

    def _prefill(self) -> tuple[Workload, ...]:
        if not isinstance(self.serving, LlmD) or (prefill := self.serving.prefill) is None:
            return ()
        resources = prefill.resources or self.resources
        return (
            Workload(
                path=("serving", "prefill"),
                gpus=prefill.gpus,
                split=prefill.gpus,
                tensor=prefill.gpus,
                least=prefill.scaling.least,
                most=prefill.scaling.most,
                cpu=resources.cpu,
                memory=resources.memory,
                utilization=self.gpu_memory_utilization,
            ),
        )
