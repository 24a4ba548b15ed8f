# SPDX-License-Identifier: MPL-2.0
"""Section `models`: the catalogue. A model's key is its public name; where and how it runs may change behind it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from .scalars import Cores, Count, DnsLabel, Memory, ModelUri
from .section import Section
from .serving import Serving

OVERHEAD = Decimal(2)
"""GiB of a GPU that vLLM, CUDA graphs and NCCL need beside weights and KV cache: an upper estimate for one GPU."""


class Task(StrEnum):
    """What a model is asked for; it decides the routes of the OpenAI API and vLLM's runner."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    TRANSCRIPTION = "transcription"


class Dtype(StrEnum):
    """Number format of weights or KV cache."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FP8 = "fp8"
    INT8 = "int8"
    INT4 = "int4"

    @property
    def bytes(self) -> Decimal:
        """Bytes of one number."""
        return {"float32": Decimal(4), "bfloat16": Decimal(2), "float16": Decimal(2), "int4": Decimal("0.5")}.get(
            self.value, Decimal(1)
        )


class KvCache(Section):
    """The keys and values that a decoder keeps of each token. The figures stand in the model's `config.json`."""

    layers: Count
    """Decoder layers (`num_hidden_layers`)."""

    heads: Count
    """Key-value heads (`num_key_value_heads`)."""

    head_size: Count
    """Numbers in a head (`head_dim`)."""

    dtype: Dtype = Dtype.BFLOAT16
    """Number format of the cache."""

    sequences: Count
    """Requests of full context length that the cache of one replica must hold at once."""

    @property
    def bytes_per_token(self) -> Decimal:
        """A key and a value, for each head of each layer."""
        return 2 * self.layers * self.heads * self.head_size * self.dtype.bytes


class Size(Section):
    """How large a model is. Declared, so that its fit is judged without downloading it."""

    parameters: Annotated[Decimal, Field(gt=0, le=2000)]
    """Parameters in billions, as `24` or `0.56`."""

    dtype: Dtype
    """Number format of the weights as they are loaded."""

    kv_cache: KvCache | None = None
    """The KV cache. Left out for encoders, which keep none."""


class Resources(Section):
    """Cores and main memory of one replica, asked for and not exceeded."""

    cpu: Cores
    """Cores, as `8`. Asked for; there is no upper limit."""

    memory: Memory
    """Main memory, as `64Gi`. Asked for, and the limit."""


class Fixed(Section):
    """A number of replicas that stays."""

    kind: Literal["fixed"] = "fixed"

    replicas: Count = 1
    """Replicas, each with `gpus` shares of the pool."""


Scaling = Fixed


class Model(Section):
    """An entry of the catalogue."""

    display_name: Annotated[str, Field(min_length=1, max_length=80)]
    """Name for people, as `Mistral Small 3.2`."""

    task: Task
    """What it is for: `chat`, `embedding` or `transcription`."""

    source: ModelUri
    """Where its weights come from."""

    size: Size
    """How large it is."""

    context_tokens: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
    """Longest request in tokens, prompt and answer together (vLLM: `--max-model-len`)."""

    pool: DnsLabel
    """Pool whose nodes it runs on."""

    gpus: Annotated[int, Field(ge=1, le=16, strict=True)] = 1
    """Shares of the pool for one replica; with more than one GPU the model is split among them (tensor parallelism)."""

    gpu_memory_utilization: Annotated[Decimal, Field(gt=0, le=Decimal("0.98"))] = Decimal("0.90")
    """Part of a share's memory that vLLM may use."""

    resources: Resources
    """Cores and main memory of one replica."""

    scaling: Scaling = Fixed()
    """How many replicas there are."""

    serving: Serving
    """The runtime that carries it."""

    @property
    def weights(self) -> Decimal:
        """GiB of the weights of one replica."""
        return self.size.parameters * 10**9 * self.size.dtype.bytes / 2**30

    @property
    def cache(self) -> Decimal:
        """GiB of the KV cache that one replica must hold."""
        if self.size.kv_cache is None:
            return Decimal(0)
        return self.size.kv_cache.bytes_per_token * self.context_tokens * self.size.kv_cache.sequences / 2**30

    @property
    def memory_per_share(self) -> Decimal:
        """GiB that each of a replica's shares must have for it."""
        return (self.weights + self.cache) / self.gpus + OVERHEAD

    @property
    def shares(self) -> int:
        """Shares of the pool for all replicas."""
        return self.gpus * self.scaling.replicas
