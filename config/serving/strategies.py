# SPDX-License-Identifier: MPL-2.0
"""How an endpoint picker (EPP) chooses among a model's pods, and how requests wait for one."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from ..scalars import PluginName
from ..scaling import LONGEST_HOLD
from ..section import Section

Weight = Annotated[int, Field(ge=0, le=100, strict=True)]
"""Weight of a scorer beside the others; 0 leaves it out."""


PrefixBlock = Annotated[int, Field(ge=16, le=1024, strict=True)]
"""Size of a piece of a remembered prompt, in tokens; the picker takes four characters for a token."""


class Balanced(Section):
    """Weighs queue length, KV-cache use, requests at work and cached prefixes. The default is llm-d's own blend."""

    kind: Literal["balanced"] = "balanced"

    queue: Weight = 2
    """Weight of short queues."""

    kv_cache: Weight = 2
    """Weight of free KV cache."""

    running: Weight = 0
    """Weight of few requests at work. Queues form only when a pod is full; this tells pods apart before that."""

    prefix: Weight = 3
    """Weight of prompts whose beginning a pod has in its cache (as far as the picker remembers its own choices)."""

    prefix_block: PrefixBlock | None = None
    """Size of the pieces by which the picker remembers prompts, in tokens: then 31,250 of them a pod, whatever the
    engine says. Null: blocks like the engine's, as many as its cache has, the first 256 of each prompt. That is too few
    where a token has more than four characters, or prompts are longer than 256 blocks."""


class StickyUntilSaturated(Section):
    """Stays with the pod that holds a prompt's beginning until waiting there costs more than computing it anew."""

    kind: Literal["sticky-until-saturated"]

    affinity_threshold: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.8")
    """Part of a prompt that a pod must hold to be stuck to."""

    longest_penalty_milliseconds: Annotated[int, Field(ge=0, le=600_000, strict=True)] = 5000
    """How much later a first token may come from that pod than from another; 0 always sticks."""

    token_budget: Annotated[int, Field(ge=1, le=10**9, strict=True)] = 4_194_304
    """Tokens in flight at which a pod counts as fully loaded (the EPP's default: 128 requests of 32,768 tokens)."""


class PrecisePrefix(Section):
    """Knows by the engines' own KV events which pod holds a prompt's beginning."""

    kind: Literal["precise-prefix"]

    queue: Weight = 2
    """Weight of short queues."""

    kv_cache: Weight = 2
    """Weight of free KV cache."""

    prefix: Weight = 3
    """Weight of prompts whose beginning a pod has in its cache."""

    block_size: Literal[16, 32, 64, 128] = 64
    """Tokens in a block of the KV cache; engines and picker must count alike (vLLM: `--block-size`)."""

    hash_seed: Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)] = 42
    """Seed of the blocks' hashes, the same for all engines (PYTHONHASHSEED)."""


class LoraAffinity(Section):
    """Prefers pods that have the request's adapter loaded."""

    kind: Literal["lora-affinity"]

    lora: Weight = 4
    """Weight of pods that have the adapter, or room for it."""

    queue: Weight = 2
    """Weight of short queues."""

    kv_cache: Weight = 2
    """Weight of free KV cache."""

    prefix: Weight = 3
    """Weight of prompts whose beginning a pod has in its cache."""

    prefix_block: PrefixBlock | None = None
    """Size of the pieces by which the picker remembers prompts, in tokens: then 31,250 of them a pod, whatever the
    engine says. Null: blocks like the engine's, as many as its cache has, the first 256 of each prompt. That is too few
    where a token has more than four characters, or prompts are longer than 256 blocks."""


class Plugin(Section):
    """A plugin of the picker."""

    type: PluginName
    """Its type, one that the release's picker knows."""

    name: PluginName | None = None
    """Name by which profiles mean it; its type, if left out."""

    parameters: dict[str, Any] = {}
    """Its parameters, as its documentation names them."""


class Step(Section):
    """A plugin in a profile."""

    plugin: PluginName
    """Name of a plugin of the strategy."""

    weight: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Weight, for scorers alone."""


class Profile(Section):
    """Plugins that together choose a pod."""

    name: PluginName
    """Name of the profile."""

    plugins: Annotated[tuple[Step, ...], Field(min_length=1)]
    """Filters, scorers and a picker, in this order."""


class OwnStrategy(Section):
    """Plugins of one's own choice, among those that the release's picker knows."""

    kind: Literal["own"]

    plugins: Annotated[tuple[Plugin, ...], Field(min_length=1)]
    """All plugins."""

    profiles: Annotated[tuple[Profile, ...], Field(min_length=1)]
    """All profiles."""


Strategy = Annotated[
    Balanced | StickyUntilSaturated | PrecisePrefix | LoraAffinity | OwnStrategy, Field(discriminator="kind")
]
"""One of the strategies."""


class FlowControl(Section):
    """A queue in front of the pods: who waits, in which order, and for how long.

    Every tier has a band of its own, ranked by its priority; what is beyond a soft month waits below all of them.
    """

    queue_requests: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 5000
    """Requests that wait in one band at most; more are refused with 429."""

    hold_seconds: Annotated[int, Field(ge=1, le=LONGEST_HOLD, strict=True)] = 60
    """Longest wait of a request. Above the time that a sleeping model takes to load, if its requests are to be held."""

    fairness: Literal["round-robin", "global-strict"] = "round-robin"
    """Inside a band: `round-robin` serves municipalities in turn, `global-strict` serves requests as one queue."""

    ordering: Literal["first-come", "earliest-deadline"] = "first-come"
    """Among one municipality's requests: the oldest first, or the one whose time is up first."""

    queue_depth: Annotated[int, Field(ge=1, le=1000, strict=True)] = 5
    """Requests waiting in an engine at which a pod counts as full."""

    kv_cache_use: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.8")
    """Part of an engine's KV cache in use at which a pod counts as full."""
