# SPDX-License-Identifier: MPL-2.0
"""How large a model is: declared, so that its fit is judged without downloading it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .scalars import Count
from .section import Section


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
    """How large a model is."""

    parameters: Annotated[Decimal, Field(gt=0, le=2000)]
    """Parameters in billions, as `24` or `0.56`."""

    dtype: Dtype
    """Number format of the weights as they are loaded."""

    kv_cache: KvCache | None = None
    """The KV cache. Left out for encoders, which keep none."""

    @property
    def weights(self) -> Decimal:
        """GiB of the weights."""
        return self.parameters * 10**9 * self.dtype.bytes / 2**30
