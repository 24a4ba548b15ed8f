# SPDX-License-Identifier: MPL-2.0
"""One route a model (Envoy AI Gateway v1.0): the request's model name decides the back end.

A pool is named as it is. A Service is named through a Backend (Envoy Gateway) and an AIServiceBackend. The route stands
in the models' namespace, beside what it points to, so that no reference crosses a namespace.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY

from .gateway import EDGE
from .metadata import MODEL, metadata
from .serving.endpoint import Endpoint

MODEL_HEADER = "x-ai-eg-model"
"""Header that the AI Gateway sets from the body's `model`, over whatever the client sent."""


@dataclass(frozen=True, kw_only=True)
class ModelRouteArgs:
    """A model's public name, and where it is reached."""

    model: str
    """Name that clients write."""

    endpoint: Endpoint
    """Where its serving kind put it."""

    timeout_seconds: int
    """Longest time for a whole answer."""


class ModelRoute(pulumi.ComponentResource):
    """An AIGatewayRoute on the edge, with the back end objects that a Service needs."""

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
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="AIGatewayRoute",
            metadata=placed,
            spec=route(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=children),
        )
        self.register_outputs({})


def route(args: ModelRouteArgs) -> dict[str, Any]:
    """A rule for each public name: this model or adapter, this back end."""
    names = {args.model: args.endpoint.model, **args.endpoint.aliases}
    return {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": EDGE, "namespace": GATEWAY}],
        "rules": [
            {
                "matches": [{"headers": [{"type": "Exact", "name": MODEL_HEADER, "value": public}]}],
                "backendRefs": [backend(args, public, wire)],
                "timeouts": {"request": f"{args.timeout_seconds}s"},
                "modelsOwnedBy": "andel",
            }
            for public, wire in sorted(names.items())
        ],
    }


def backend(args: ModelRouteArgs, public: str, wire: str) -> dict[str, Any]:
    """The pool itself, or the Service's back end; a name that differs on the wire is written over."""
    if args.endpoint.kind == "InferencePool":
        return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": args.endpoint.name}
    return {"name": args.model, **({} if wire == public else {"modelNameOverride": wire})}


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
            {"schema": {"name": "OpenAI"}, "backendRef": reference},
        ),
    ]
