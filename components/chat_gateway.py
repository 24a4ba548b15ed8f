# SPDX-License-Identifier: MPL-2.0
"""The gateway of the municipalities' chats (Gateway API v1, Envoy Gateway v1.8): one listener for all their hosts.

Routes come from members' namespaces alone, and there the platform writes them. Who signs on is the chat's business: on
this gateway no key is asked for, and it leads to no model.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.chats import Chats
from config.gateway import Issuer
from config.names import MUNICIPALITY, SYSTEM

from .metadata import metadata

CHATS = "chats"
"""Name of the Gateway."""

CERTIFICATE = "chats-tls"
"""Secret with the certificate that an issuer makes."""


@dataclass(frozen=True, kw_only=True)
class ChatGatewayArgs:
    """Where chats are reached."""

    chats: Chats
    """The section."""


class ChatGateway(pulumi.ComponentResource):
    """Gateway `chats`, and the certificate of its listener."""

    def __init__(self, name: str, args: ChatGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:ChatGateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if isinstance(args.chats.tls, Issuer):
            kubernetes.apiextensions.CustomResource(
                f"{name}-certificate",
                api_version="cert-manager.io/v1",
                kind="Certificate",
                metadata=metadata(CHATS, SYSTEM),
                spec=certificate(args.chats.domain, args.chats.tls),
                opts=child,
            )
        kubernetes.apiextensions.CustomResource(
            f"{name}-gateway",
            api_version="gateway.networking.k8s.io/v1",
            kind="Gateway",
            metadata=metadata(CHATS, SYSTEM),
            spec=spec(args.chats),
            opts=child,
        )
        self.register_outputs({})


def certificate(domain: str, issuer: Issuer) -> dict[str, Any]:
    """A Certificate for every host below a domain."""
    return {
        "secretName": CERTIFICATE,
        "dnsNames": [f"*.{domain}"],
        "issuerRef": {"group": "cert-manager.io", "kind": issuer.scope, "name": issuer.name},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }


def spec(chats: Chats) -> dict[str, Any]:
    """One listener with TLS, for routes out of namespaces that are a member's."""
    secret = CERTIFICATE if isinstance(chats.tls, Issuer) else chats.tls.name
    members = {"matchExpressions": [{"key": MUNICIPALITY, "operator": "Exists"}]}
    return {
        "gatewayClassName": chats.class_name,
        "listeners": [
            {
                "name": "https",
                "protocol": "HTTPS",
                "port": 443,
                "hostname": f"*.{chats.domain}",
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret}]},
                "allowedRoutes": {"namespaces": {"from": "Selector", "selector": members}},
            }
        ],
    }
