# SPDX-License-Identifier: MPL-2.0
"""A model's route at the inner gateway (Envoy AI Gateway v1.0): the request's model name decides the back end.

A pool is named as it is. A Service is named through a Backend (Envoy Gateway) and an AIServiceBackend. The route stands
in the models' namespace, beside what it points to, so that no reference crosses a namespace. Only the edge's proxies
reach this gateway: who may use which model is decided there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY

from .asleep import asleep, unpicked
from .edge.headers import MODEL as MODEL_HEADER
from .gateway import INNER
from .metadata import MODEL, metadata
from .route_policy import RoutePolicy, RoutePolicyArgs
from .serving.endpoint import Endpoint

MOST_RULES = 15
"""Rules of one AIGatewayRoute: an HTTPRoute has 16, and the last answers 404 (source: its CRD)."""

MOST_MATCHES = 64
"""Matches of one rule (source: CRD of HTTPRoute, Gateway API v1.5)."""

MOST_NAMES = 100
"""Names in one expression: a header's value in a match has 4096 characters at most (the same source), a name 38."""


@dataclass(frozen=True, kw_only=True)
class ModelRouteArgs:
    """A model's public name, and where it is reached."""

    model: str
    """Name that clients write."""

    endpoint: Endpoint
    """Where its serving kind put it."""

    timeout_seconds: int
    """Longest time for a whole answer."""

    idle_seconds: int
    """Longest silence of an answer."""

    asleep_seconds: int | None = None
    """Seconds until a replica answers, of a model that may have none and holds no request."""


class ModelRoute(pulumi.ComponentResource):
    """AIGatewayRoute and policy at the inner gateway, with the back end objects that a Service needs."""

    def __init__(self, name: str, args: ModelRouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:ModelRoute", name, None, opts)
        placed = metadata(args.model, args.endpoint.namespace, labels={MODEL: args.model})
        backends = service_backend(args) if args.endpoint.kind == "Service" else []
        children = [
            kubernetes.apiextensions.CustomResource(
                f"{name}-{kind.lower()}",
                api_version=api_version,
                kind=kind,
                metadata=placed,
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api_version, kind, spec in backends
        ]
        route = kubernetes.apiextensions.CustomResource(
            name,
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="AIGatewayRoute",
            metadata=placed,
            spec={"parentRefs": [gateway_reference(INNER)], "rules": rules(args)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=children),
        )
        RoutePolicy(f"{name}-policy", policy(args), pulumi.ResourceOptions(parent=self, depends_on=[route]))
        self.register_outputs({})


def gateway_reference(gateway: str) -> dict[str, str]:
    """What a route attaches to."""
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway, "namespace": GATEWAY}


def policy(args: ModelRouteArgs) -> RoutePolicyArgs:
    """Times of the route, and what is said of a model that sleeps, or whose picker is away."""
    return RoutePolicyArgs(
        route=args.model,
        namespace=args.endpoint.namespace,
        idle_seconds=args.idle_seconds,
        labels={MODEL: args.model},
        answers=(
            *(() if args.asleep_seconds is None else (asleep(args.model, args.asleep_seconds),)),
            *((unpicked(args.model),) if args.endpoint.kind == "InferencePool" else ()),
        ),
    )


def rules(args: ModelRouteArgs) -> list[dict[str, Any]]:
    """A rule for all public names that one back end takes as they are, and one for each that is written over."""
    names = {args.model: args.endpoint.model, **args.endpoint.aliases}
    return [
        {
            "matches": [{"headers": [header]} for header in named(args.endpoint.kind, group)],
            "backendRefs": [backend(args, override)],
            "timeouts": {"request": f"{args.timeout_seconds}s"},
            "modelsOwnedBy": "andel",
        }
        for override, group in grouped(args.endpoint.kind, names)
    ]


def grouped(kind: str, names: Mapping[str, str]) -> list[tuple[str | None, list[str]]]:
    """Public names by what is written over them: None for those that stay. A pool's names always stay."""
    kept = sorted(public for public, wire in names.items() if kind == "InferencePool" or wire == public)
    changed = sorted((wire, [public]) for public, wire in names.items() if public not in kept)
    most = MOST_NAMES if kind == "InferencePool" else MOST_MATCHES
    chunks = [kept[at : at + most] for at in range(0, len(kept), most)]
    return [*((None, chunk) for chunk in chunks), *changed]


def named(kind: str, names: list[str]) -> list[dict[str, str]]:
    """Matches of a rule's names: one for each; a single one for all names of a pool.

    For every match whose back end is a pool AI Gateway 1.0 asks that pool's picker once more, one after the other and
    for every request (envoyproxy/ai-gateway#2595). With that mended, names can be matched one by one.
    """
    if kind != "InferencePool" or len(names) == 1:
        return [exactly(MODEL_HEADER, name) for name in names]
    return [{"type": "RegularExpression", "name": MODEL_HEADER, "value": "|".join(names)}]


def exactly(header: str, value: str) -> dict[str, str]:
    """A match of a header's whole value."""
    return {"type": "Exact", "name": header, "value": value}


def backend(args: ModelRouteArgs, override: str | None) -> dict[str, Any]:
    """The pool itself, or the Service's back end; a name that differs on the wire is written over."""
    if args.endpoint.kind == "InferencePool":
        return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": args.endpoint.name}
    return {"name": args.model, **({} if override is None else {"modelNameOverride": override})}


def service_backend(args: ModelRouteArgs) -> list[tuple[str, str, dict[str, Any]]]:
    """Backend and AIServiceBackend of a Service, as (apiVersion, kind, spec)."""
    host = f"{args.endpoint.name}.{args.endpoint.namespace}.svc.cluster.local"
    reference = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": args.model}
    return [
        (
            "gateway.envoyproxy.io/v1alpha1",
            "Backend",
            {"endpoints": [{"fqdn": {"hostname": host, "port": args.endpoint.port}}]},
        ),
        (
            "aigateway.envoyproxy.io/v1beta1",
            "AIServiceBackend",
            {"schema": schema(args.endpoint.path_prefix), "backendRef": reference},
        ),
    ]


def schema(prefix: str) -> dict[str, str]:
    """OpenAI's API below a path; `/v1` is what the gateway takes for granted."""
    return {"name": "OpenAI", **({} if prefix == "/v1" else {"prefix": prefix})}
