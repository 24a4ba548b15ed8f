# SPDX-License-Identifier: MPL-2.0
"""Rules between sections. Each is a function named for what it refuses; all run before anything is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from . import (
    canary,
    catalogue,
    economy_rules,
    edge_rules,
    fit,
    gpu_rules,
    guardrail,
    overflow,
    pooling_rules,
    routes,
    watching,
)
from .nodes import LabelledNodes, NamedNodes
from .operators import Managed
from .section import Mistake
from .serving import huggingface, kubeai_rules, modelmesh_rules, picker_rules, pod_rules, storage_rules
from .serving import rules as serving

if TYPE_CHECKING:
    from .environment import Environment
    from .models import Model


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """All that is wrong between the sections of an environment."""
    for rule in RULES:
        yield from rule(environment)


def offered(environment: Environment) -> dict[str, Model]:
    """Every public name, with the model that answers to it: models by their own, and adapters on them."""
    models = environment.models
    return {**{adapter: model for model in models.values() for adapter in model.names}, **models}


def unknown_models(environment: Environment) -> Iterator[Mistake]:
    """A tier allows models of the catalogue."""
    names = offered(environment)
    for tier_name, tier in environment.tiers.items():
        for index, name in enumerate(tier.models):
            if name not in names:
                path = ("tiers", tier_name, "models", index)
                yield Mistake(path, f"there is no model {name}", catalogue.one_of(names))


def models_that_nobody_may_use(environment: Environment) -> Iterator[Mistake]:
    """Where there are tiers, every model is in one, or is a canary: GPUs that nobody may use are paid all the same."""
    allowed = {name for tier in environment.tiers.values() for name in tier.models} | canary.canaries(environment)
    for name, model in environment.models.items():
        if environment.tiers and allowed.isdisjoint({name, *model.names}):
            yield Mistake(("models", name), "no tier allows it", "add it to a tier's models, or take it out")


def contexts_beyond_models(environment: Environment) -> Iterator[Mistake]:
    """A tier promises no longer request than the longest that one of its models takes."""
    models = offered(environment)
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


def a_mirror_of_nothing(environment: Environment) -> Iterator[Mistake]:
    """A mirror of charts serves managed operators."""
    operators = environment.operators
    charted = (name for name in type(operators).model_fields if name not in ("authorino", "modelmesh"))
    managed = [name for name in charted if isinstance(getattr(operators, name), Managed)]
    if environment.mirror.charts and not managed:
        yield Mistake(("mirror", "charts"), "no operator is managed, so no chart is read", "take it away")


def tiers_without_a_gateway(environment: Environment) -> Iterator[Mistake]:
    """Tiers are held by the gateway."""
    if environment.tiers and environment.gateway is None:
        yield Mistake(("tiers",), "there is no gateway that could hold them", "declare gateway, or take tiers away")


def tiers_named_as_the_rest(environment: Environment) -> Iterator[Mistake]:
    """Requests beyond a soft month have a rank of their own, under a name of its own."""
    if pod_rules.BEYOND in environment.tiers:
        path = ("tiers", pod_rules.BEYOND)
        yield Mistake(path, "requests beyond a soft month have this name", "rename the tier")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    *catalogue.RULES,
    *fit.RULES,
    *gpu_rules.RULES,
    *pooling_rules.RULES,
    *watching.RULES,
    *serving.RULES,
    *kubeai_rules.RULES,
    *huggingface.RULES,
    *modelmesh_rules.RULES,
    *picker_rules.RULES,
    *pod_rules.RULES,
    *storage_rules.RULES,
    *canary.RULES,
    *overflow.RULES,
    *guardrail.RULES,
    *routes.RULES,
    *edge_rules.RULES,
    *economy_rules.RULES,
    unknown_models,
    models_that_nobody_may_use,
    contexts_beyond_models,
    equal_ranks,
    ranks_against_limits,
    nodes_in_two_pools,
    labels_of_two_pools,
    equal_contexts,
    a_mirror_of_nothing,
    tiers_without_a_gateway,
    tiers_named_as_the_rest,
)
"""Every rule, in the order in which mistakes are told."""
