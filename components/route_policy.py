# SPDX-License-Identifier: MPL-2.0
"""What a route adds to its gateway's policies: times and retries (BackendTrafficPolicy, Envoy Gateway v1.8).

A policy of a route replaces its gateway's, limits and all, unless it says how it is merged: this one always does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .metadata import metadata

NOT_BEGUN = ("connect-failure", "refused-stream", "reset-before-request")
"""Failures after which nothing was begun: the request reached no model, and a second one asks nothing twice."""


@dataclass(frozen=True, kw_only=True)
class RoutePolicyArgs:
    """A route and what it adds."""

    route: str
    """Name of the HTTPRoute, and of the policy."""

    namespace: str
    """Its namespace."""

    idle_seconds: int
    """Longest silence of an answer."""

    labels: Mapping[str, str]
    """Labels of the policy."""

    overflows: bool = False
    """Whether the route has a second back end that takes over on 429 and 503."""

    answers: tuple[dict[str, Any], ...] = ()
    """Answers in place of a back end's own (`responseOverride`)."""


class RoutePolicy(pulumi.ComponentResource):
    """A BackendTrafficPolicy of a route."""

    def __init__(self, name: str, args: RoutePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:RoutePolicy", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=metadata(args.route, args.namespace, labels=args.labels),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: RoutePolicyArgs) -> dict[str, Any]:
    """Merged with the gateway's own policy, so that its limits go on holding."""
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": args.route}],
        "mergeType": "StrategicMerge",
        "timeout": {"http": {"streamIdleTimeout": f"{args.idle_seconds}s"}},
        "retry": retry(args.overflows),
        **({"responseOverride": list(args.answers)} if args.answers else {}),
    }


def retry(overflows: bool) -> dict[str, Any]:
    """Once more where nothing was begun; with a second back end one attempt each, and its turn on 429 and 503 too."""
    if not overflows:
        return {"numRetries": 1, "retryOn": {"triggers": list(NOT_BEGUN)}}
    codes = {"triggers": [*NOT_BEGUN, "retriable-status-codes"], "httpStatusCodes": [429, 503]}
    return {"numRetries": 1, "numAttemptsPerPriority": 1, "retryOn": codes}
