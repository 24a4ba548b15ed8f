# SPDX-License-Identifier: MPL-2.0
"""The gateways (Gateway API v1, Envoy Gateway v1.8): the edge that clients call, and the inner one for KServe's routes.

KServe attaches a route of its own to every LLMInferenceService. On the edge it would bypass identity and limits, so it
gets a gateway that only the cluster reaches.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gateway import Gateway as GatewaySection
from config.gateway import Issuer
from config.names import GATEWAY, SERVING

from .metadata import metadata

EDGE = "edge"
"""Name of the Gateway that clients call."""

INNER = "inner"
"""Name of the Gateway for KServe's own routes."""

INNER_SERVICE = "andel-inner"
"""Service of the inner gateway's proxies, in their namespace."""


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """The address of all models."""

    gateway: GatewaySection
    """Its section."""


class Gateway(pulumi.ComponentResource):
    """Gateways `edge` and `inner`, and the certificate of their listeners."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Gateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if isinstance(args.gateway.tls, Issuer):
            kubernetes.apiextensions.CustomResource(
                f"{name}-certificate",
                api_version="cert-manager.io/v1",
                kind="Certificate",
                metadata=metadata("api", GATEWAY),
                spec=certificate(args.gateway.host, args.gateway.tls),
                opts=child,
            )
        kubernetes.apiextensions.CustomResource(
            f"{name}-inner-proxy",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="EnvoyProxy",
            metadata=metadata(INNER, GATEWAY),
            spec=cluster_internal(),
            opts=child,
        )
        for role in (EDGE, INNER):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="gateway.networking.k8s.io/v1",
                kind="Gateway",
                metadata=metadata(role, GATEWAY),
                spec=gateway_spec(args.gateway, role),
                opts=child,
            )
        self.url = f"https://{args.gateway.host}/v1"
        self.register_outputs({"url": self.url})


def secret_name(section: GatewaySection) -> str:
    """Secret with the certificate of the listeners."""
    return "api-tls" if isinstance(section.tls, Issuer) else section.tls.name


def certificate(host: str, issuer: Issuer) -> dict[str, Any]:
    """A Certificate that cert-manager makes and renews."""
    return {
        "secretName": "api-tls",
        "dnsNames": [host],
        "issuerRef": {"group": "cert-manager.io", "kind": issuer.scope, "name": issuer.name},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }


def cluster_internal() -> dict[str, Any]:
    """Envoy behind a Service that only the cluster reaches, under a name that the edge knows."""
    service = {"type": "ClusterIP", "name": INNER_SERVICE}
    return {"provider": {"type": "Kubernetes", "kubernetes": {"envoyService": service}}}


def gateway_spec(section: GatewaySection, role: str) -> dict[str, Any]:
    """One listener with TLS. Routes to models attach to the inner one, routes of the platform itself to the edge."""
    routes = GATEWAY if role == EDGE else SERVING
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": 443,
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret_name(section)}]},
        "allowedRoutes": {
            "namespaces": {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": routes}}}
        },
    }
    if role == EDGE:
        return {"gatewayClassName": section.class_name, "listeners": [{**listener, "hostname": section.host}]}
    proxy = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": INNER}
    return {
        "gatewayClassName": section.class_name,
        "infrastructure": {"parametersRef": proxy},
        "listeners": [listener],
    }
