# SPDX-License-Identifier: MPL-2.0
"""Envoy Gateway's pods as policies find them (networking.k8s.io/v1), and the wall around the inner gateway.

All proxies and the limiter stand in one namespace, which is Envoy Gateway's and not the platform's to deny by default.
What they may do differs: the edge asks who calls and counts; the inner gateway does neither. So wherever a proxy is let
in, it is that of one gateway, and whoever is no proxy of the edge is kept from the inner one.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gateway import Gateway
from config.monitoring import Monitoring
from config.names import GATEWAY

from .gateway import EDGE, INNER
from .metadata import metadata
from .namespace import from_namespace, ports

OWNER = "gateway.envoyproxy.io/owning-gateway"
"""Beginning of labels that say whose a proxy is (source: Envoy Gateway v1.8.3, internal/gatewayapi/translator.go)."""

LIMITER = {"app.kubernetes.io/name": "envoy-ratelimit", "app.kubernetes.io/managed-by": "envoy-gateway"}
"""Labels of the limiter's pods (source: the same, internal/infrastructure/kubernetes/ratelimit/resource.go)."""

HTTPS = ports(443) + ports(10443)
"""Port of the gateways' listeners, and the one on which proxies really listen: ports below 1024 are moved up by 10000
(source: the same, internal/gatewayapi). Which of both a network looks at is its own affair."""

METRICS = 19001
"""Port on which proxies answer `/stats/prometheus` (source: the same, internal/xds/bootstrap)."""


def owned(gateway: str, namespace: str) -> dict[str, str]:
    """Labels of a Gateway's proxies."""
    return {f"{OWNER}-name": gateway, f"{OWNER}-namespace": namespace}


def proxies_of(gateway: str, namespace: str, standing_in: str) -> dict[str, Any]:
    """A peer: the proxies of one Gateway.

    Args:
        gateway: name of the Gateway.
        namespace: its namespace.
        standing_in: namespace of Envoy Gateway's proxies.
    """
    return {**from_namespace(standing_in), "podSelector": {"matchLabels": owned(gateway, namespace)}}


def edge_proxies(standing_in: str) -> dict[str, Any]:
    """A peer: the edge."""
    return proxies_of(EDGE, GATEWAY, standing_in)


def inner_proxies(standing_in: str) -> dict[str, Any]:
    """A peer: the inner gateway."""
    return proxies_of(INNER, GATEWAY, standing_in)


def limiter(standing_in: str) -> dict[str, Any]:
    """A peer: who counts for the edge."""
    return {**from_namespace(standing_in), "podSelector": {"matchLabels": LIMITER}}


@dataclass(frozen=True, kw_only=True)
class InnerWallArgs:
    """Where proxies stand, and who watches them."""

    gateway: Gateway
    """The section: in which namespace proxies stand."""

    monitoring: Monitoring | None
    """In which namespace Prometheus stands; None where nobody watches."""


class InnerWall(pulumi.ComponentResource):
    """The NetworkPolicy `andel-inner`."""

    def __init__(self, name: str, args: InnerWallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:InnerWall", name, None, opts)
        kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=metadata("andel-inner", args.gateway.proxy_namespace),
            spec=around_the_inner(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def around_the_inner(args: InnerWallArgs) -> dict[str, Any]:
    """The inner gateway asks nobody who they are: the edge alone calls it. What it may call is left as it is."""
    edge = edge_proxies(args.gateway.proxy_namespace)
    let_in: list[dict[str, Any]] = [{"from": [edge], "ports": HTTPS}]
    if args.monitoring is not None:
        let_in.append({"from": [from_namespace(args.monitoring.namespace)], "ports": ports(METRICS)})
    return {
        "podSelector": {"matchLabels": owned(INNER, GATEWAY)},
        "policyTypes": ["Ingress"],
        "ingress": let_in,
    }
