# SPDX-License-Identifier: MPL-2.0
"""What the edge offers to whom, read from the environment: its routes, and its way to the inner gateway."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from andel.release.pins import EppDialect
from config.environment import Environment
from config.gateway import Gateway
from config.models import Model
from config.rules import offered

from .cluster import After
from .edge.identity import security_policy
from .edge_route import EdgeRoute, EdgeRouteArgs
from .gateway import EDGE, INNER_TLS, inner_host
from .guardrail import Guardrail, GuardrailArgs
from .inner_hop import InnerHop, InnerHopArgs
from .model_list import ModelList, ModelListArgs
from .model_route import ModelRoute
from .overflow import Overflow, OverflowArgs
from .overflow_exit import OverflowExit, OverflowExitArgs
from .scores import Scores, ScoresArgs, has_scores
from .serving.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Published:
    """What stands already: models behind the inner gateway."""

    routes: Mapping[str, ModelRoute]
    """Their routes, by model."""

    endpoints: Mapping[str, Endpoint]
    """Where they are reached."""

    edge: pulumi.Resource
    """The gateways."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


def offer(environment: Environment, dialect: EppDialect, published: Published, after: After) -> None:
    """Write the edge's routes to all that tiers may use, in the order in which they need each other."""
    gateway = environment.gateway
    if gateway is None:
        return
    hop = InnerHop("inner", inner_hop(gateway, dialect), after(published.edge))
    outside: list[pulumi.Resource] = [
        Overflow(f"{name}-overflow", OverflowArgs(name=name, backend=backend), after(published.edge))
        for name, backend in environment.overflow.items()
    ]
    if outside:
        args_of_exit = OverflowExitArgs(backends=environment.overflow, gateway=gateway, images=published.images)
        outside.append(OverflowExit("exit", args_of_exit, after(published.edge)))
    for name, route in published.routes.items():
        if (args := edge_route(environment, gateway, name)) is not None:
            EdgeRoute(f"{name}-edge", args, after(hop, *outside, route))
    if (scored := scores(environment, gateway, published.endpoints)) is not None:
        Scores("scores", scored, after(hop, *published.routes.values()))
    ModelList("models", model_list(environment), after(published.edge))
    if environment.guardrail is not None:
        Guardrail("guardrail", GuardrailArgs(guardrail=environment.guardrail), after(published.edge))


def tiers_by_name(environment: Environment, model: str) -> dict[str, tuple[str, ...]]:
    """Tiers that may use each public name of a model."""
    return {
        name: tuple(sorted(key for key, tier in environment.tiers.items() if name in tier.models))
        for name in (model, *environment.models[model].names)
    }


def edge_route(environment: Environment, gateway: Gateway, name: str) -> EdgeRouteArgs | None:
    """Arguments of a model's route at the edge; None for a model that no tier may use, as a canary."""
    model, tiers = environment.models[name], tiers_by_name(environment, name)
    if not any(tiers.values()):
        return None
    return EdgeRouteArgs(
        model=name,
        tiers=tiers,
        timeout_seconds=gateway.request_timeout_seconds,
        idle_seconds=gateway.stream_idle_seconds,
        canary=model.canary,
        overflow=model.overflow,
        backends=environment.overflow,
    )


def model_list(environment: Environment) -> ModelListArgs:
    """Public names that each tier may use, with the longest request that the tier and the model take."""
    models: dict[str, Model] = offered(environment)
    return ModelListArgs(
        tiers={
            key: {name: min(models[name].context_tokens, tier.context_tokens) for name in tier.models}
            for key, tier in environment.tiers.items()
        }
    )


def inner_hop(gateway: Gateway, dialect: EppDialect) -> InnerHopArgs:
    """Where the inner gateway is, and what it does first."""
    return InnerHopArgs(
        host=inner_host(gateway),
        authorities=INNER_TLS,
        objective_header=dialect.objective_header,
        largest_request=gateway.limits.largest_request,
    )


def scores(environment: Environment, gateway: Gateway, endpoints: Mapping[str, Endpoint]) -> ScoresArgs | None:
    """Models with routes that the AI Gateway has not; None where there are none."""
    tasks = {name: environment.models[name].task for name in endpoints}
    tiers = {name: tiers_by_name(environment, name)[name] for name in endpoints}
    models = {name: one for name, one in endpoints.items() if tiers[name] and has_scores(tasks[name], one)}
    if not models:
        return None
    return ScoresArgs(
        models=models,
        tasks=tasks,
        tiers=tiers,
        identity=security_policy(EDGE, gateway.identity.service),
        timeout_seconds=gateway.request_timeout_seconds,
    )
