# SPDX-License-Identifier: MPL-2.0
"""Nobody gets past the edge whom Authorino doesn't know.

A SecurityPolicy of Envoy Gateway 1.8 on the whole Gateway (ext_authz over gRPC and TLS); the AuthConfig that it asks; a
BackendTLSPolicy (gateway.networking.k8s.io/v1) that says whom Envoy believes. Who can't be asked after is refused: 503.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.identity import AuthorinoService
from config.names import GATEWAY

from ..metadata import metadata
from .auth_config import AuthConfigArgs, spec
from .authorino import AUTHORINO, CERTIFICATE, OURS, PORT

ASKING = "2s"
"""Longest wait for Authorino."""


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What decides, and where it is asked."""

    gateway: str
    """Name of the Gateway."""

    auth_config: AuthConfigArgs
    """What the AuthConfig says."""

    service: AuthorinoService | None
    """The existing Authorino; None is the platform's own."""


class EdgeIdentity(pulumi.ComponentResource):
    """AuthConfig, SecurityPolicy and the trust between Envoy and Authorino."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:EdgeIdentity", name, None, opts)
        objects: dict[str, tuple[str, str, dict[str, Any], Mapping[str, Any]]] = {
            "config": (
                "authorino.kuadrant.io/v1beta3",
                "AuthConfig",
                metadata("edge", GATEWAY, labels=OURS),
                spec(args.auth_config),
            ),
            "policy": (
                "gateway.envoyproxy.io/v1alpha1",
                "SecurityPolicy",
                metadata("edge-identity", GATEWAY),
                security_policy(args.gateway, args.service),
            ),
        }
        trusted = metadata(AUTHORINO, GATEWAY)
        if args.service is None:
            objects["trust"] = ("gateway.networking.k8s.io/v1", "BackendTLSPolicy", trusted, trust(AUTHORINO))
        else:
            objects["trust"] = ("gateway.envoyproxy.io/v1alpha1", "Backend", trusted, backend(args.service))
        for role, (version, kind, placed, written) in objects.items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version=version,
                kind=kind,
                metadata=placed,
                spec=dict(written),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def security_policy(gateway: str, service: AuthorinoService | None) -> dict[str, Any]:
    """Every route of the Gateway asks Authorino first. Routes match what it sets, so they are chosen anew."""
    where = (
        {"name": AUTHORINO, "port": PORT}
        if service is None
        else {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": AUTHORINO, "port": service.port}
    )
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway}],
        "extAuth": {
            "grpc": {"backendRefs": [where]},
            "headersToExtAuth": ["authorization"],
            "failOpen": False,
            "recomputeRoute": True,
            "statusOnError": 503,
            "timeout": ASKING,
        },
    }


def backend(service: AuthorinoService) -> dict[str, Any]:
    """An existing Authorino by its name: a Backend of ours needs no grant in its namespace."""
    host = f"{service.name}.{service.namespace}.svc.cluster.local"
    return {
        "endpoints": [{"fqdn": {"hostname": host, "port": service.port}}],
        "tls": {"caCertificateRefs": [{"group": "", "kind": "Secret", "name": service.ca}], "sni": host},
    }


def trust(service: str) -> dict[str, Any]:
    """Envoy believes a service whose certificate the platform's authority signed for its name."""
    return {
        "targetRefs": [{"group": "", "kind": "Service", "name": service}],
        "validation": {
            "caCertificateRefs": [{"group": "", "kind": "Secret", "name": CERTIFICATE}],
            "hostname": f"{service}.{GATEWAY}.svc.cluster.local",
        },
    }
