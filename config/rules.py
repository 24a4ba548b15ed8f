# SPDX-License-Identifier: MPL-2.0
"""Rules between sections. Each yields its mistakes; all run before anything is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .models import Model
from .pools import Pool, Whole
from .scalars import amount
from .section import Mistake
from .tiers import Tier

if TYPE_CHECKING:
    from .environment import Environment


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """All that is wrong between the sections of an environment."""
    yield from unknown_pools(environment.models, environment.pools)
    yield from models_too_large(environment.models, environment.pools)
    yield from pools_too_small(environment.models, environment.pools)
    yield from unknown_models(environment.tiers, environment.models)
    yield from contexts_beyond_models(environment.tiers, environment.models)
    yield from tiers_out_of_order(environment.tiers)
    yield from nodes_in_two_pools(environment.pools)


def placed(models: Mapping[str, Model], pools: Mapping[str, Pool]) -> Iterator[tuple[str, Model, Pool]]:
    """Each model with its pool, for models whose pool exists."""
    return ((name, model, pools[model.pool]) for name, model in models.items() if model.pool in pools)


def one_of(names: Mapping[str, object]) -> str:
    """The names one may choose, as an error says them."""
    return f"write one of {', '.join(sorted(names))}" if names else "there are none yet"


def unknown_pools(models: Mapping[str, Model], pools: Mapping[str, Pool]) -> Iterator[Mistake]:
    """A model runs on a declared pool."""
    for name, model in models.items():
        if model.pool not in pools:
            yield Mistake(("models", name, "pool"), f"there is no pool {model.pool}", f"{one_of(pools)} or declare it under pools")


def models_too_large(models: Mapping[str, Model], pools: Mapping[str, Pool]) -> Iterator[Mistake]:
    """A replica fits a node of its pool: shares, GPU memory, and what the host has."""
    for name, model, pool in placed(models, pools):
        at = ("models", name)
        if model.gpus > 1 and not isinstance(pool.sharing, Whole):
            yield Mistake(
                (*at, "gpus"),
                f"a model can't be split over {model.gpus} shares of a GPU, and {model.pool} shares by {pool.sharing.kind}",
                "write 1, or choose a pool of whole GPUs",
            )
        elif model.gpus > pool.shares_per_node:
            yield Mistake(
                (*at, "gpus"),
                f"a replica needs {model.gpus} GPUs, a node of {model.pool} has {pool.shares_per_node}",
                f"write {pool.shares_per_node} or less, or choose another pool",
            )
        usable = pool.share_memory * model.gpu_memory_utilization
        if model.memory_per_share > usable:
            yield Mistake(
                (*at, "size"),
                f"weights of {model.weights:.1f} GiB and a KV cache of {model.cache:.1f} GiB need {model.memory_per_share:.1f} GiB"
                f" on each of {model.gpus} x {pool.resource}, and {model.pool} has {usable:.1f} GiB to use",
                "raise gpus, lower contextTokens or size.kvCache.sequences, or choose another pool",
            )
        for resource in ("cpu", "memory"):
            asked, there = getattr(model.resources, resource), getattr(pool.host, resource)
            if amount(asked) > amount(there):
                yield Mistake(
                    (*at, "resources", resource),
                    f"a replica asks for {asked}, a node of {model.pool} has {there}",
                    "ask for less, or choose another pool",
                )


def pools_too_small(models: Mapping[str, Model], pools: Mapping[str, Pool]) -> Iterator[Mistake]:
    """All replicas find a place at once: by the sum, and node by node (largest first)."""
    for pool_name, pool in pools.items():
        on_it = {name: model for name, model in models.items() if model.pool == pool_name}
        fitting = {name: model for name, model in on_it.items() if model.gpus <= pool.shares_per_node}
        asked = sum(model.shares for model in fitting.values())
        at = ("pools", pool_name, "nodes")
        listed = ", ".join(f"{name} {model.scaling.replicas} x {model.gpus}" for name, model in fitting.items())
        if asked > pool.shares:
            yield Mistake(
                at,
                f"models ask for {asked} x {pool.resource} ({listed}), the pool has {pool.shares}",
                "add nodes, lower replicas, or move a model to another pool",
            )
        elif (homeless := _without_place(fitting, pool)) is not None:
            yield Mistake(
                at,
                f"a replica of {homeless} finds no node with {fitting[homeless].gpus} GPUs left ({listed};"
                f" {pool.nodes.count} nodes with {pool.shares_per_node})",
                "add a node, or lower replicas",
            )


def _without_place(models: Mapping[str, Model], pool: Pool) -> str | None:
    """The first model of which a replica finds no node, when the largest replicas are placed first."""
    free = [pool.shares_per_node] * pool.nodes.count
    for name, model in sorted(models.items(), key=lambda item: -item[1].gpus):
        for _ in range(model.scaling.replicas):
            node = next((index for index, left in enumerate(free) if left >= model.gpus), None)
            if node is None:
                return name
            free[node] -= model.gpus
    return None


def unknown_models(tiers: Mapping[str, Tier], models: Mapping[str, Model]) -> Iterator[Mistake]:
    """A tier allows models of the catalogue."""
    for tier_name, tier in tiers.items():
        for index, name in enumerate(tier.models):
            if name not in models:
                yield Mistake(("tiers", tier_name, "models", index), f"there is no model {name}", one_of(models))


def contexts_beyond_models(tiers: Mapping[str, Tier], models: Mapping[str, Model]) -> Iterator[Mistake]:
    """A tier doesn't promise a longer request than any of its models takes."""
    for tier_name, tier in tiers.items():
        longest = max((models[name].context_tokens for name in tier.models if name in models), default=None)
        if longest is not None and tier.context_tokens > longest:
            yield Mistake(
                ("tiers", tier_name, "contextTokens"),
                f"no model of the tier takes {tier.context_tokens} tokens, the longest takes {longest}",
                f"write {longest} or less",
            )


def tiers_out_of_order(tiers: Mapping[str, Tier]) -> Iterator[Mistake]:
    """Ranks differ, and a tier of higher rank has no less of anything."""
    ranked = sorted(tiers.items(), key=lambda item: item[1].priority)
    for (lower_name, lower), (name, tier) in zip(ranked, ranked[1:], strict=False):
        if tier.priority == lower.priority:
            yield Mistake(
                ("tiers", name, "priority"), f"{lower_name} has rank {tier.priority} too", "give every tier a rank of its own"
            )
            continue
        for field, alias in (
            ("requests_per_minute", "requestsPerMinute"),
            ("tokens_per_minute", "tokensPerMinute"),
            ("concurrency", "concurrency"),
            ("context_tokens", "contextTokens"),
            ("output_tokens", "outputTokens"),
        ):
            if getattr(tier, field) < getattr(lower, field):
                yield Mistake(
                    ("tiers", name, alias),
                    f"{getattr(tier, field)} is less than the {getattr(lower, field)} of {lower_name}, which ranks below",
                    "raise it, or swap the priorities",
                )
        if tier.month.tokens < lower.month.tokens:
            yield Mistake(
                ("tiers", name, "month", "tokens"),
                f"{tier.month.tokens} is less than the {lower.month.tokens} of {lower_name}, which ranks below",
                "raise it, or swap the priorities",
            )


def nodes_in_two_pools(pools: Mapping[str, Pool]) -> Iterator[Mistake]:
    """A node belongs to one pool."""
    seen: dict[str, str] = {}
    for pool_name, pool in pools.items():
        for index, node in enumerate(getattr(pool.nodes, "names", ())):
            if node in seen and seen[node] != pool_name:
                yield Mistake(
                    ("pools", pool_name, "nodes", "names", index),
                    f"node {node} belongs to {seen[node]} already",
                    "take it out of one of the two",
                )
            seen.setdefault(node, pool_name)
