# SPDX-License-Identifier: MPL-2.0
"""What a caller may use, by its tier: the answer of `/v1/models`, and of requests for any other model.

Envoy AI Gateway (v1.0) lists models by host alone, whoever asks. So the edge answers itself, from the config: an
HTTPRoute whose rules differ by the tier that the edge set, and HTTPRouteFilters with the answers (Envoy Gateway v1.8).
What a key may not use of it, the edge's script takes out.
Its own policy has no limits, so asking costs nothing. Identity sets the tier after a first route was chosen, so it has
to let the route be chosen again (`recomputeRoute`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY

from .edge.headers import TIER
from .gateway import EDGE
from .metadata import metadata
from .model_route import exactly, gateway_reference

PATH = "/v1/models"
NAME = "models"
"""Name of the route of `/v1/models`, and of its policy."""

NO_TIER = "no-tier"
"""Filter that answers who has no tier."""

UNKNOWN = "unknown-model"
"""Name of the route and filter that answer requests for a model that the caller may not use."""

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ModelListArgs:
    """Models by tier."""

    tiers: Mapping[str, Mapping[str, int]]
    """Public names that each tier may use, with the longest request in tokens."""


class ModelList(pulumi.ComponentResource):
    """HTTPRoutes `models` and `unknown-model` at the edge, their answers, and a policy that takes the limits off."""

    def __init__(self, name: str, args: ModelListArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:ModelList", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        filters = [
            kubernetes.apiextensions.CustomResource(
                f"{name}-{answer}",
                api_version="gateway.envoyproxy.io/v1alpha1",
                kind="HTTPRouteFilter",
                metadata=metadata(answer, GATEWAY),
                spec=filter_spec(status, body),
                opts=child,
            )
            for answer, (status, body) in answers(args).items()
        ]
        answered = pulumi.ResourceOptions(parent=self, depends_on=filters)
        for route, spec in ((NAME, list_route(args)), (UNKNOWN, unknown_route())):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{route}-route",
                api_version="gateway.networking.k8s.io/v1",
                kind="HTTPRoute",
                metadata=metadata(route, GATEWAY),
                spec=spec,
                opts=answered,
            )
        kubernetes.apiextensions.CustomResource(
            f"{name}-free",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=metadata(NAME, GATEWAY),
            spec=free(),
            opts=child,
        )
        self.register_outputs({})


def answers(args: ModelListArgs) -> dict[str, tuple[int, Body]]:
    """Status and body by the name of their filter."""
    return {
        **{f"{NAME}-{tier}": (200, listed(models)) for tier, models in args.tiers.items()},
        NO_TIER: (403, refusal("your municipality has no tier here", "permission_error", "no_tier")),
        UNKNOWN: (
            404,
            refusal(
                f"the model does not exist, or your tier or key may not use it; GET {PATH} lists those it may",
                "invalid_request_error",
                "model_not_found",
                "model",
            ),
        ),
    }


def listed(models: Mapping[str, int]) -> Body:
    """Models as OpenAI lists them; `max_model_len` is what vLLM adds. When a model was made is not known here."""
    entries = [
        {"id": name, "object": "model", "created": 0, "owned_by": "andel", "max_model_len": tokens}
        for name, tokens in sorted(models.items())
    ]
    return {"object": "list", "data": entries}


def refusal(message: str, kind: str, code: str, parameter: str | None = None) -> Body:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": parameter, "code": code}}


def filter_spec(status: int, body: Body) -> dict[str, Any]:
    """An answer that no back end gives."""
    text = json.dumps(body, separators=(",", ":"))
    return {
        "directResponse": {
            "statusCode": status,
            "contentType": "application/json",
            "body": {"type": "Inline", "inline": text},
        }
    }


def list_route(args: ModelListArgs) -> dict[str, Any]:
    """A rule a tier, and one for who has none."""
    path = {"path": {"type": "Exact", "value": PATH}}
    tiers = [answered_by(f"{NAME}-{tier}", [{**path, "headers": [exactly(TIER, tier)]}]) for tier in sorted(args.tiers)]
    return {"parentRefs": [gateway_reference(EDGE)], "rules": [*tiers, answered_by(NO_TIER, [path])]}


def unknown_route() -> dict[str, Any]:
    """Every path, for who has a tier: any rule of a model has a header more."""
    tier = {"type": "RegularExpression", "name": TIER, "value": ".+"}
    match = {"path": {"type": "PathPrefix", "value": "/"}, "headers": [tier]}
    return {"parentRefs": [gateway_reference(EDGE)], "rules": [answered_by(UNKNOWN, [match])]}


def answered_by(name: str, matches: list[dict[str, Any]]) -> dict[str, Any]:
    """A rule that a filter answers."""
    reference = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": name}
    return {"matches": matches, "filters": [{"type": "ExtensionRef", "extensionRef": reference}]}


def free() -> dict[str, Any]:
    """Without `mergeType` it stands in place of the gateway's policy, and of its limits."""
    return {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": NAME}]}
