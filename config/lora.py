# SPDX-License-Identifier: MPL-2.0
"""A model's `lora` block: small adapters on its weights, each a model of its own to those who call it."""

from typing import Annotated, Literal

from pydantic import Field

from .scalars import AdapterUri, ModelName
from .section import Section

Rank = Literal[1, 8, 16, 32, 64, 128, 256, 320, 512]
"""Ranks that vLLM makes room for (source: vLLM, config/lora.py)."""


class Adapter(Section):
    """A LoRA adapter."""

    source: AdapterUri
    """Where its weights come from."""


class Lora(Section):
    """Adapters of a model. Tiers name them as they name models."""

    adapters: dict[ModelName, Adapter] = {}
    """Adapters by public name. They are loaded with the model."""

    max_rank: Rank = 16
    """Largest rank among them. Memory is set aside for it."""

    max_loaded: Annotated[int, Field(ge=1, le=64, strict=True)] = 4
    """Adapters in GPU memory at one time; requests for others wait until one makes room."""

    max_on_host: Annotated[int, Field(ge=1, le=1024, strict=True)] = 16
    """Adapters in main memory."""

    dynamic: bool = False
    """Whether adapters may be loaded and unloaded while the model runs (`/v1/load_lora_adapter`). Who reaches a pod may
    then load any adapter: the gateway never forwards these routes."""
