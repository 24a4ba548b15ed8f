# SPDX-License-Identifier: MPL-2.0
"""Routes that vLLM has and Envoy AI Gateway (v1.0) has not: rerank, score, classify and tokens of such models.

The AI Gateway's processor refuses every path that it doesn't know, so these are plain HTTPRoutes in both steps. The
model stands in the body all the same: a SecurityPolicy of these paths shows Authorino the body, which names it in
the same header. Requests are counted as all others are; tokens are not, since nothing here reads an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.models import Task
from config.names import GATEWAY

from .edge.headers import MODEL as MODEL_HEADER
from .edge.headers import TIER
from .edge_route import listed
from .gateway import EDGE, INNER
from .metadata import MODEL, metadata
from .model_list import UNKNOWN, answered_by
from .model_route import exactly, gateway_reference
from .request_model import ALL, PATHS
from .serving.endpoint import Endpoint

NAME = "scores"
"""Name of the route that these requests meet first, and of its policy."""

LARGEST = 2**20
"""Bytes of the largest body; more is refused with 413. Authorino's gRPC takes 4 MiB, and the body is text in it."""

API = "gateway.networking.k8s.io/v1"


@dataclass(frozen=True, kw_only=True)
class ScoresArgs:
    """Models that have such routes."""

    models: Mapping[str, Endpoint]
    """Where each is reached."""

    tasks: Mapping[str, Task]
    """What each is for."""

    tiers: Mapping[str, tuple[str, ...]]
    """Tiers that may use each."""

    identity: Mapping[str, Any]
    """Spec of the edge's SecurityPolicy: the same is asked here, and shown the body."""

    timeout_seconds: int
    """Longest time for a whole answer."""


class Scores(pulumi.ComponentResource):
    """A first route with its policy, and two routes for each model."""

    def __init__(self, name: str, args: ScoresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Scores", name, None, opts)
        first = {"parentRefs": [gateway_reference(EDGE)], "rules": [answered_by(UNKNOWN, [on(path) for path in ALL])]}
        self._object(f"{name}-first", API, "HTTPRoute", metadata(NAME, GATEWAY), first)
        policy = metadata(NAME, GATEWAY)
        self._object(
            f"{name}-identity", "gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", policy, shown_the_body(args)
        )
        for model, endpoint in args.models.items():
            placed = metadata(object_name(model), GATEWAY, labels={MODEL: model})
            self._object(f"{name}-{model}-edge", API, "HTTPRoute", placed, edge_route(args, model))
            placed = metadata(object_name(model), endpoint.namespace, labels={MODEL: model})
            self._object(f"{name}-{model}-inner", API, "HTTPRoute", placed, inner_route(args, model))
        self.register_outputs({})

    def _object(self, name: str, version: str, kind: str, placed: dict[str, Any], spec: dict[str, Any]) -> None:
        kubernetes.apiextensions.CustomResource(
            name,
            api_version=version,
            kind=kind,
            metadata=placed,
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )


def object_name(model: str) -> str:
    """Name of a model's two routes."""
    return f"{model}-{NAME}"


def has_scores(task: Task, endpoint: Endpoint) -> bool:
    """Whether a model has such routes: of an engine of vLLM's paths, behind a Service, under its public name."""
    return task in PATHS and endpoint.kind == "Service" and endpoint.path_prefix == "/v1"


def on(path: str) -> dict[str, Any]:
    """A match of a whole path."""
    return {"path": {"type": "Exact", "value": path}}


def shown_the_body(args: ScoresArgs) -> dict[str, Any]:
    """The edge's own policy, for one route and with its requests' bodies."""
    asked = {**args.identity["extAuth"], "bodyToExtAuth": {"maxRequestBytes": LARGEST}}
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": NAME}
    return {"targetRefs": [target], "extAuth": asked}


def edge_route(args: ScoresArgs, model: str) -> dict[str, Any]:
    """For tiers that may use the model, on to the inner gateway."""
    tiers = [exactly(TIER, tier) for tier in args.tiers[model]]
    matches = [
        {**on(path), "headers": [exactly(MODEL_HEADER, model), tier, listed(model)]}
        for path in PATHS[args.tasks[model]]
        for tier in tiers
    ]
    inner = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": INNER}
    # The key ends at the edge on these routes too; where the AI Gateway routes, its back end takes it off.
    key = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}}
    return {
        "parentRefs": [gateway_reference(EDGE)],
        "rules": [
            {"matches": part, "filters": [key], "backendRefs": [inner], "timeouts": limit(args)}
            for part in (matches[at : at + 64] for at in range(0, len(matches), 64))
        ],
    }


def inner_route(args: ScoresArgs, model: str) -> dict[str, Any]:
    """To the model's Service."""
    endpoint = args.models[model]
    service = {"group": "", "kind": "Service", "name": endpoint.name, "port": endpoint.port}
    matches = [{**on(path), "headers": [exactly(MODEL_HEADER, model)]} for path in PATHS[args.tasks[model]]]
    return {
        "parentRefs": [gateway_reference(INNER)],
        "rules": [{"matches": matches, "backendRefs": [service], "timeouts": limit(args)}],
    }


def limit(args: ScoresArgs) -> dict[str, str]:
    """Longest time for an answer."""
    return {"request": f"{args.timeout_seconds}s"}
