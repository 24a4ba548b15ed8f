# SPDX-License-Identifier: MPL-2.0
"""A model's route at the edge (Envoy AI Gateway v1.0): which tiers and which of their keys may use it, which part goes
to a canary, and which requests may leave the platform when our own model can't take them.

Everything of ours goes on to the inner gateway; a canary under its own name, since one rule has one pool there. What
may overflow has rules of its own with a second back end of lower priority: a request that may not leave meets none.
The most specific rule wins (Gateway API: path, then number of headers; Envoy Gateway: then of exact ones).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.canary import Canary
from config.names import GATEWAY, OVERFLOW_ALLOWED
from config.overflow import ModelOverflow, OverflowBackend

from .edge.headers import ALL, MODELS, MUNICIPALITY, OVERFLOW, TIER
from .edge.headers import MODEL as MODEL_HEADER
from .gateway import EDGE, INNER
from .metadata import MODEL, metadata
from .model_route import MOST_MATCHES, exactly, gateway_reference
from .overflow import object_name
from .request_headers import DATA_CLASS, ENTRY
from .route_policy import RoutePolicy, RoutePolicyArgs


@dataclass(frozen=True, kw_only=True)
class EdgeRouteArgs:
    """A model's public names, and who may use them."""

    model: str
    """Name of the entry, and of the route."""

    tiers: Mapping[str, tuple[str, ...]]
    """Tiers that may use each public name: the model's own, and its adapters'. A name without a tier has no route."""

    timeout_seconds: int
    """Longest time for a whole answer."""

    idle_seconds: int
    """Longest silence of an answer."""

    canary: Canary | None = None
    """Entry that answers a part of the requests to the model's own name."""

    overflow: ModelOverflow | None = None
    """Where requests to the model's own name may go."""

    backends: Mapping[str, OverflowBackend] = field(default_factory=dict)
    """Back ends outside the platform, by name."""


class EdgeRoute(pulumi.ComponentResource):
    """AIGatewayRoute and policy at the edge."""

    def __init__(self, name: str, args: EdgeRouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:EdgeRoute", name, None, opts)
        labels = {MODEL: args.model}
        route = kubernetes.apiextensions.CustomResource(
            name,
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="AIGatewayRoute",
            metadata=metadata(args.model, GATEWAY, labels=labels),
            spec={"parentRefs": [gateway_reference(EDGE)], "rules": rules(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = RoutePolicyArgs(
            route=args.model,
            namespace=GATEWAY,
            idle_seconds=args.idle_seconds,
            labels=labels,
            overflows=args.overflow is not None,
        )
        RoutePolicy(f"{name}-policy", policy, pulumi.ResourceOptions(parent=self, depends_on=[route]))
        self.register_outputs({})


def rules(args: EdgeRouteArgs) -> list[dict[str, Any]]:
    """Rules of the model's own name, then of its adapters."""
    adapters = [(name, tiers) for name, tiers in sorted(args.tiers.items()) if name != args.model and tiers]
    chunks = [adapters[at : at + MOST_MATCHES] for at in range(0, len(adapters), MOST_MATCHES)]
    return [
        *own_rules(args, parted(args.model, args.canary)),
        *(rule(args, [caller(name, tiers) for name, tiers in chunk], [inner(args.model)]) for chunk in chunks),
    ]


def own_rules(args: EdgeRouteArgs, ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """To our own model; and for who opted in, to the back end outside after it, as far as the data may leave."""
    if not (tiers := args.tiers.get(args.model)):
        return []
    everybody = caller(args.model, tiers)
    if args.overflow is None:
        return [rule(args, [everybody], ours)]
    outside = args.backends[args.overflow.backend]
    opted = [*everybody, among(MUNICIPALITY, outside.municipalities), exactly(OVERFLOW, OVERFLOW_ALLOWED)]
    both = [
        *ours,
        {"name": object_name(args.overflow.backend), "modelNameOverride": args.overflow.model, "priority": 1},
    ]
    classed = [[*opted, exactly(DATA_CLASS, kind)] for kind in outside.data_classes]
    found = [rule(args, [everybody], ours)]
    if classed:
        found.append(rule(args, classed, both))
    if outside.unclassified:
        # Any other class stays: one header more than the rule below it, one exact value less than the one above.
        found.append(rule(args, [[*opted, {"type": "RegularExpression", "name": DATA_CLASS, "value": ".+"}]], ours))
        found.append(rule(args, [opted], both))
    return found


def rule(args: EdgeRouteArgs, callers: list[list[dict[str, str]]], backends: list[dict[str, Any]]) -> dict[str, Any]:
    """Requests of some callers go to some back ends."""
    return {
        "matches": [{"headers": headers} for headers in callers],
        "backendRefs": backends,
        "timeouts": {"request": f"{args.timeout_seconds}s"},
        "modelsOwnedBy": "andel",
    }


def parted(model: str, canary: Canary | None) -> list[dict[str, Any]]:
    """The inner gateway, twice where a part of the requests is to reach the canary there."""
    if canary is None:
        return [inner(model)]
    tried = {"weight": canary.weight, "modelNameOverride": canary.model}
    return [{**inner(model), "weight": 100 - canary.weight}, {**inner(canary.model), **tried}]


def inner(entry: str) -> dict[str, Any]:
    """The inner gateway, told which entry of the catalogue answers: the request's rank there is one of that entry."""
    return {"name": INNER, "headerMutation": {"set": [{"name": ENTRY, "value": entry}]}}


def caller(name: str, tiers: tuple[str, ...]) -> list[dict[str, str]]:
    """Headers of a request for a model by a caller of some tiers, with a key that may use it."""
    return [exactly(MODEL_HEADER, name), among(TIER, tiers), listed(name)]


def listed(name: str) -> dict[str, str]:
    """A match of a key that may use a model: names are DNS labels, and mean nothing to an expression."""
    value = rf"{re.escape(ALL)}|(.+,)?{name}(,.+)?"
    return {"type": "RegularExpression", "name": MODELS, "value": value}


def among(header: str, values: tuple[str, ...]) -> dict[str, str]:
    """A match of one of some values: they are DNS labels, so none means anything to an expression."""
    if len(values) == 1:
        return exactly(header, values[0])
    return {"type": "RegularExpression", "name": header, "value": "|".join(sorted(values))}
