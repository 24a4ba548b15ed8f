# SPDX-License-Identifier: MPL-2.0
"""Rules between sections. Each is a function named for what it refuses; all run before anything is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from .models import Model, Task
from .operators import Managed
from .pools import LabelledNodes, NamedNodes, Pool, Whole
from .scalars import amount
from .section import Mistake

if TYPE_CHECKING:
    from .environment import Environment


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """All that is wrong between the sections of an environment."""
    for rule in RULES:
        yield from rule(environment)


def _placed(environment: Environment) -> Iterator[tuple[str, Model, Pool]]:
    """Each model with its pool, for models whose pool exists."""
    pools = environment.pools
    return ((name, model, pools[model.pool]) for name, model in environment.models.items() if model.pool in pools)


def _one_of(names: Mapping[str, object]) -> str:
    """The names one may choose, as a mend says them."""
    return f"write one of {', '.join(sorted(names))}" if names else "declare it first"


def unknown_pools(environment: Environment) -> Iterator[Mistake]:
    """A model runs on a declared pool."""
    for name, model in environment.models.items():
        if model.pool not in environment.pools:
            yield Mistake(("models", name, "pool"), f"there is no pool {model.pool}", _one_of(environment.pools))


def split_over_shares(environment: Environment) -> Iterator[Mistake]:
    """Tensor parallelism needs whole GPUs: MIG instances don't talk to each other."""
    for name, model, pool in _placed(environment):
        if model.gpus > 1 and not isinstance(pool.sharing, Whole):
            yield Mistake(
                ("models", name, "gpus"),
                f"{model.pool} divides its GPUs by {pool.sharing.kind}, and a model can't be split over such shares",
                "write 1, or choose a pool of whole GPUs",
            )


def more_gpus_than_a_node(environment: Environment) -> Iterator[Mistake]:
    """A replica stands on one node."""
    for name, model, pool in _placed(environment):
        if isinstance(pool.sharing, Whole) and model.gpus > pool.shares_per_node:
            yield Mistake(
                ("models", name, "gpus"),
                f"a replica needs {model.gpus} GPUs, a node of {model.pool} has {pool.shares_per_node}",
                f"write {pool.shares_per_node} or less, or choose another pool",
            )


def too_little_gpu_memory(environment: Environment) -> Iterator[Mistake]:
    """Weights, KV cache and overhead fit into the memory that vLLM may use."""
    for name, model, pool in _placed(environment):
        usable = pool.share_memory * model.gpu_memory_utilization
        if model.memory_per_share > usable:
            yield Mistake(
                ("models", name, "size"),
                f"weights of {model.weights:.1f} GiB and KV cache of {model.cache:.1f} GiB on {model.gpus} shares need"
                f" {model.memory_per_share:.1f} GiB each, and a share of {model.pool} has {usable:.1f} GiB to use",
                "raise gpus, lower contextTokens or size.kvCache.sequences, or choose another pool",
            )


def more_than_the_host(environment: Environment) -> Iterator[Mistake]:
    """A replica asks for no more cores and main memory than a node has."""
    for name, model, pool in _placed(environment):
        for resource, asked, there in (
            ("cpu", model.resources.cpu, pool.host.cpu),
            ("memory", model.resources.memory, pool.host.memory),
        ):
            if amount(asked) > amount(there):
                yield Mistake(
                    ("models", name, "resources", resource),
                    f"a replica asks for {asked}, a node of {model.pool} has {there}",
                    "ask for less, or choose another pool",
                )


def _on(environment: Environment, pool_name: str, pool: Pool) -> dict[str, Model]:
    """Models on a pool of which a replica fits a node at all."""
    return {
        name: model
        for name, model in environment.models.items()
        if model.pool == pool_name and model.gpus <= pool.shares_per_node
    }


def _listed(models: Mapping[str, Model]) -> str:
    return ", ".join(f"{name} {model.scaling.replicas} x {model.gpus}" for name, model in models.items())


def more_than_the_pool(environment: Environment) -> Iterator[Mistake]:
    """All replicas together ask for no more shares than a pool has."""
    for pool_name, pool in environment.pools.items():
        models = _on(environment, pool_name, pool)
        asked = sum(model.shares for model in models.values())
        if asked > pool.shares:
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"models ask for {asked} x {pool.resource} ({_listed(models)}), the pool has {pool.shares}",
                "add nodes, lower replicas, or move a model to another pool",
            )


def replicas_without_a_node(environment: Environment) -> Iterator[Mistake]:
    """All replicas find a node at once, the largest first: a sum that fits may still leave gaps that don't."""
    for pool_name, pool in environment.pools.items():
        models = _on(environment, pool_name, pool)
        homeless = _without_node(models, pool)
        if homeless is not None and sum(model.shares for model in models.values()) <= pool.shares:
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"a replica of {homeless} finds no node with {models[homeless].gpus} GPUs left ({_listed(models)} on"
                f" {pool.nodes.count} nodes with {pool.shares_per_node})",
                "add a node, or lower replicas",
            )


def _without_node(models: Mapping[str, Model], pool: Pool) -> str | None:
    """The first model of which a replica finds no node."""
    free = [pool.shares_per_node] * pool.nodes.count
    for name, model in sorted(models.items(), key=lambda item: -item[1].gpus):
        for _ in range(model.scaling.replicas):
            node = next((index for index, left in enumerate(free) if left >= model.gpus), None)
            if node is None:
                return name
            free[node] -= model.gpus
    return None


def caches_that_do_not_suit_the_task(environment: Environment) -> Iterator[Mistake]:
    """Models that write text keep a KV cache; embedding models keep none."""
    for name, model in environment.models.items():
        path, cached = ("models", name, "size", "kvCache"), model.size.kv_cache is not None
        if model.task is Task.EMBEDDING and cached:
            yield Mistake(path, "a model for embedding keeps no KV cache between tokens", "take kvCache away")
        if model.task is not Task.EMBEDDING and not cached:
            yield Mistake(path, f"a model for {model.task} keeps a KV cache", "declare it: the fit is judged by it")


def pickers_for_models_without_tokens(environment: Environment) -> Iterator[Mistake]:
    """KServe's LLMInferenceService routes completions and chat; other tasks need another serving kind."""
    for name, model in environment.models.items():
        if model.serving.kind == "llm-d" and model.task is not Task.CHAT:
            yield Mistake(
                ("models", name, "serving", "kind"),
                f"llm-d serves chat, and this model is for {model.task}",
                "write kserve",
            )


def unknown_models(environment: Environment) -> Iterator[Mistake]:
    """A tier allows models of the catalogue."""
    for tier_name, tier in environment.tiers.items():
        for index, name in enumerate(tier.models):
            if name not in environment.models:
                path = ("tiers", tier_name, "models", index)
                yield Mistake(path, f"there is no model {name}", _one_of(environment.models))


def models_that_nobody_may_use(environment: Environment) -> Iterator[Mistake]:
    """Where there are tiers, every model is in one: GPUs that nobody may use are paid all the same."""
    allowed = {name for tier in environment.tiers.values() for name in tier.models}
    for name in environment.models:
        if environment.tiers and name not in allowed:
            yield Mistake(("models", name), "no tier allows it", "add it to a tier's models, or take it out")


def contexts_beyond_models(environment: Environment) -> Iterator[Mistake]:
    """A tier promises no longer request than the longest that one of its models takes."""
    models = environment.models
    for tier_name, tier in environment.tiers.items():
        longest = max((models[name].context_tokens for name in tier.models if name in models), default=None)
        if longest is not None and tier.context_tokens > longest:
            yield Mistake(
                ("tiers", tier_name, "contextTokens"),
                f"no model of the tier takes {tier.context_tokens} tokens, the longest takes {longest}",
                f"write {longest} or less",
            )


def equal_ranks(environment: Environment) -> Iterator[Mistake]:
    """Every tier has a rank of its own: between equals nobody yields."""
    ranked = sorted(environment.tiers.items(), key=lambda item: item[1].priority)
    for (other, lower), (name, tier) in pairwise(ranked):
        if tier.priority == lower.priority:
            path = ("tiers", name, "priority")
            yield Mistake(path, f"{other} has rank {tier.priority} too", "give every tier a rank of its own")


ORDERED = (
    ("requests_per_minute",),
    ("tokens_per_minute",),
    ("month", "tokens"),
    ("concurrency",),
    ("context_tokens",),
    ("output_tokens",),
)
"""What a tier of higher rank has no less of."""


def ranks_against_limits(environment: Environment) -> Iterator[Mistake]:
    """A tier of higher rank has no less of anything."""
    ranked = sorted(environment.tiers.items(), key=lambda item: item[1].priority)
    for (other, lower), (name, tier) in pairwise(ranked):
        for fields in ORDERED:
            mine: Any = tier
            theirs: Any = lower
            path: list[str] = []
            for field in fields:
                path.append(type(mine).model_fields[field].alias or field)
                mine, theirs = getattr(mine, field), getattr(theirs, field)
            if mine < theirs and tier.priority != lower.priority:
                wrong = f"{mine} is less than the {theirs} of {other}, which ranks below"
                yield Mistake(("tiers", name, *path), wrong, "raise it, or swap the priorities")


def nodes_in_two_pools(environment: Environment) -> Iterator[Mistake]:
    """A node belongs to one pool."""
    for (first, one), (second, other) in combinations(environment.pools.items(), 2):
        if isinstance(one.nodes, NamedNodes) and isinstance(other.nodes, NamedNodes):
            for index, node in enumerate(other.nodes.names):
                if node in one.nodes.names:
                    path = ("pools", second, "nodes", "names", index)
                    yield Mistake(path, f"node {node} belongs to {first} already", "take it out of one of the two")


def labels_of_two_pools(environment: Environment) -> Iterator[Mistake]:
    """Labels of one pool don't find the nodes of another."""
    for (first, one), (second, other) in combinations(environment.pools.items(), 2):
        if isinstance(one.nodes, LabelledNodes) and isinstance(other.nodes, LabelledNodes):
            mine, theirs = one.nodes.labels.items(), other.nodes.labels.items()
            if mine <= theirs or theirs <= mine:
                path = ("pools", second, "nodes", "labels")
                yield Mistake(
                    path, f"they find the same nodes as those of {first}", "add a label that only these carry"
                )


def equal_contexts(environment: Environment) -> Iterator[Mistake]:
    """Two clusters are two contexts."""
    clusters = environment.clusters
    if clusters.application is not None and clusters.application.context == clusters.gpu.context:
        path = ("clusters", "application", "context")
        yield Mistake(path, f"{clusters.gpu.context} is the GPU cluster", "leave application out: one cluster is both")


def managed_without_definitions(environment: Environment) -> Iterator[Mistake]:
    """Who installs KServe or Envoy AI Gateway brings their definitions too: charts are told to leave theirs out."""
    operators = environment.operators
    if not isinstance(operators.crds, Managed):
        for field in ("envoy_gateway", "ai_gateway", "kserve"):
            if isinstance(getattr(operators, field), Managed):
                alias = type(operators).model_fields[field].alias or field
                wrong = "it is managed, and nobody installs the definitions of its objects"
                yield Mistake(("operators", alias), wrong, "write `crds: {kind: managed}` beside it")


def a_mirror_of_nothing(environment: Environment) -> Iterator[Mistake]:
    """A mirror of charts serves managed operators."""
    operators = environment.operators
    managed = [name for name in type(operators).model_fields if isinstance(getattr(operators, name), Managed)]
    if environment.mirror.charts and not managed:
        yield Mistake(("mirror", "charts"), "no operator is managed, so no chart is read", "take it away")


def tiers_without_a_gateway(environment: Environment) -> Iterator[Mistake]:
    """Tiers are held by the gateway."""
    if environment.tiers and environment.gateway is None:
        yield Mistake(("tiers",), "there is no gateway that could hold them", "declare gateway, or take tiers away")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    unknown_pools,
    split_over_shares,
    more_gpus_than_a_node,
    too_little_gpu_memory,
    more_than_the_host,
    more_than_the_pool,
    replicas_without_a_node,
    caches_that_do_not_suit_the_task,
    pickers_for_models_without_tokens,
    unknown_models,
    models_that_nobody_may_use,
    contexts_beyond_models,
    equal_ranks,
    ranks_against_limits,
    nodes_in_two_pools,
    labels_of_two_pools,
    equal_contexts,
    managed_without_definitions,
    a_mirror_of_nothing,
    tiers_without_a_gateway,
)
"""Every rule, in the order in which mistakes are told."""
