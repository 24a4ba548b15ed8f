# SPDX-License-Identifier: MPL-2.0
"""The tiers' limits on the whole Gateway: one BackendTrafficPolicy (gateway.envoyproxy.io/v1alpha1, Envoy Gateway 1.8).

A route's own policy must say `mergeType`, or its routes would have no limits at all (a test holds this for ours).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.limits import Limits
from config.names import GATEWAY
from config.tiers import Tier

from ..metadata import metadata
from .rules import POLICY, rules


@dataclass(frozen=True, kw_only=True)
class EdgeLimitsArgs:
    """What is limited."""

    gateway: str
    """Name of the Gateway."""

    tiers: Mapping[str, Tier]
    """The plans."""

    limits: Limits
    """What is the same for all."""


class EdgeLimits(pulumi.ComponentResource):
    """The policy."""

    def __init__(self, name: str, args: EdgeLimitsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:EdgeLimits", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=metadata(POLICY, GATEWAY),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: EdgeLimitsArgs) -> dict[str, Any]:
    """Rules of all tiers, and how many requests may be on their way at once.

    Envoy counts requests on their way by itself: for each gateway replica and back end, not for each municipality.
    """
    most = args.limits.parallel_requests
    counted = {"rateLimit": {"global": {"rules": rules(args.tiers)}}} if args.tiers else {}
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": args.gateway}],
        "circuitBreaker": {"maxConnections": most, "maxParallelRequests": most, "maxPendingRequests": most},
        **counted,
    }
