# SPDX-License-Identifier: MPL-2.0
"""The gateways (Gateway API v1, Envoy Gateway v1.8): the edge that clients call, and the inner one for KServe's routes.

The edge's EnvoyProxy writes the record of every request; its GatewayConfig (AI Gateway v1.0) says what is counted.

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

from .edge.audit import BACKEND, access_log, backend, gateway_config
from .metadata import metadata

EDGE = "edge"
"""Name of the Gateway that clients call."""

INNER = "inner"
"""Name of the Gateway to which models' own routes attach."""

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
        for role, proxy in ((EDGE, edge_proxy(args.gateway)), (INNER, cluster_internal())):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}-proxy",
                api_version="gateway.envoyproxy.io/v1alpha1",
                kind="EnvoyProxy",
                metadata=metadata(role, GATEWAY),
                spec=proxy,
                opts=child,
            )
        self._record(name, args.gateway)
        for role in (EDGE, INNER):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="gateway.networking.k8s.io/v1",
                kind="Gateway",
                metadata=metadata(role, GATEWAY, annotations=COUNTED if role == EDGE else {}),
                spec=gateway_spec(args.gateway, role),
                opts=child,
            )
        self.url = f"https://{args.gateway.host}/v1"
        self.register_outputs({"url": self.url})

    def _record(self, name: str, section: GatewaySection) -> None:
        """What is counted, and the collector that records go to."""
        child = pulumi.ResourceOptions(parent=self)
        kubernetes.apiextensions.CustomResource(
            f"{name}-counted",
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="GatewayConfig",
            metadata=metadata(EDGE, GATEWAY),
            spec=gateway_config(section.audit),
            opts=child,
        )
        if section.audit.collector is not None:
            kubernetes.apiextensions.CustomResource(
                f"{name}-collector",
                api_version="gateway.envoyproxy.io/v1alpha1",
                kind="Backend",
                metadata=metadata(BACKEND, GATEWAY),
                spec=backend(section.audit.collector),
                opts=child,
            )


COUNTED = {"aigateway.envoyproxy.io/gateway-config": EDGE}
"""Annotation by which the AI Gateway finds a Gateway's GatewayConfig."""


def secret_name(section: GatewaySection) -> str:
    """Secret with the certificate of the listeners."""
    return "api-tls" if isinstance(section.tls, Issuer) else section.tls.name


INNER_TLS = "inner-tls"
"""Secret with the inner gateway's certificate, by the platform's authority for names inside the cluster."""


def inner_host(section: GatewaySection) -> str:
    """Host of the inner gateway's Service, and the name in its certificate."""
    return f"{INNER_SERVICE}.{section.proxy_namespace}.svc.cluster.local"


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


def edge_proxy(section: GatewaySection) -> dict[str, Any]:
    """The edge's Envoys: how many, and what they write down."""
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {"replicas": section.replicas},
                "envoyPDB": {"maxUnavailable": 1},
            },
        },
        "telemetry": {"accessLog": access_log(section.audit)},
    }


def gateway_spec(section: GatewaySection, role: str) -> dict[str, Any]:
    """One listener with TLS. Routes to models attach to the inner one, routes of the platform itself to the edge."""
    routes = GATEWAY if role == EDGE else SERVING
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": 443,
        "tls": {
            "mode": "Terminate",
            "certificateRefs": [{"kind": "Secret", "name": secret_name(section) if role == EDGE else INNER_TLS}],
        },
        "allowedRoutes": {
            "namespaces": {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": routes}}}
        },
    }
    proxy = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": role}
    return {
        "gatewayClassName": section.class_name,
        "infrastructure": {"parametersRef": proxy},
        "listeners": [{**listener, "hostname": section.host} if role == EDGE else listener],
    }
