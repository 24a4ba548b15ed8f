# SPDX-License-Identifier: MPL-2.0
"""The hop to a guardrail (Envoy Gateway v1.8): an EnvoyExtensionPolicy at the edge, or a SecurityPolicy at the inner
gateway, and the Backend by which either names the service.

At the edge it runs after identity and after the model is known (filters of Envoy Gateway: ext_authz, then AI Gateway's
ext_proc, which puts itself first, then others).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.guardrail import Authorization, Processor
from config.guardrail import Guardrail as GuardrailSection
from config.names import GATEWAY

from .gateway import EDGE, INNER
from .metadata import metadata

NAME = "guardrail"
API = "gateway.envoyproxy.io/v1alpha1"


@dataclass(frozen=True, kw_only=True)
class GuardrailArgs:
    """A guardrail."""

    guardrail: GuardrailSection
    """Its section."""


class Guardrail(pulumi.ComponentResource):
    """The policy that asks a guardrail, and the Backend that it asks."""

    def __init__(self, name: str, args: GuardrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Guardrail", name, None, opts)
        kind, spec = policy(args.guardrail)
        backend = kubernetes.apiextensions.CustomResource(
            f"{name}-backend",
            api_version=API,
            kind="Backend",
            metadata=metadata(NAME, GATEWAY),
            spec=endpoint(args.guardrail),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apiextensions.CustomResource(
            f"{name}-policy",
            api_version=API,
            kind=kind,
            metadata=metadata(NAME, GATEWAY),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[backend]),
        )
        self.register_outputs({})


def endpoint(section: GuardrailSection) -> dict[str, Any]:
    """The Service by its name: a Backend may carry TLS, and needs no grant in the Service's namespace."""
    host = f"{section.service}.{section.namespace}.svc.cluster.local"
    spoken = {"endpoints": [{"fqdn": {"hostname": host, "port": section.port}}]}
    if section.tls is None:
        return {**spoken, "appProtocols": ["gateway.envoyproxy.io/h2c"]}
    authorities = {"group": "", "kind": "ConfigMap", "name": section.tls.authorities}
    tls = {"caCertificateRefs": [authorities], "sni": section.tls.host, "minVersion": "1.2"}
    return {**spoken, "tls": tls}


def policy(section: GuardrailSection) -> tuple[str, dict[str, Any]]:
    """Kind and spec of the policy that asks it."""
    backends = [{"group": "gateway.envoyproxy.io", "kind": "Backend", "name": NAME}]
    match section:
        case Processor():
            return "EnvoyExtensionPolicy", {"targetRefs": [target(EDGE)], "extProc": [processor(section, backends)]}
        case Authorization():
            asked = authorization(section, backends)
            return "SecurityPolicy", {"targetRefs": [target(INNER)], "extAuth": asked}


def processor(section: Processor, backends: list[dict[str, str]]) -> dict[str, Any]:
    """Requests alone: an answer is never shown, so streams are not slowed."""
    return {
        "backendRefs": backends,
        "failOpen": section.failure == "open",
        "messageTimeout": milliseconds(section.timeout_seconds),
        "processingMode": {"request": {"body": "Buffered"} if section.sees == "body" else {}},
    }


def authorization(section: Authorization, backends: list[dict[str, str]]) -> dict[str, Any]:
    """A yes or no by headers, or by a body of a largest size."""
    body = {} if section.body_bytes is None else {"bodyToExtAuth": {"maxRequestBytes": section.body_bytes}}
    return {
        "grpc": {"backendRefs": backends},
        "failOpen": section.failure == "open",
        "timeout": milliseconds(section.timeout_seconds),
        **body,
    }


def target(gateway: str) -> dict[str, str]:
    """A gateway as policies name it."""
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway}


def milliseconds(seconds: Decimal) -> str:
    """A duration as Gateway API writes it: it has no fractions."""
    return f"{int(seconds * 1000)}ms"
