# SPDX-License-Identifier: MPL-2.0
"""Back ends outside the platform: for each a Backend (Envoy Gateway v1.8), an AIServiceBackend and a
BackendSecurityPolicy with its key (Envoy AI Gateway v1.0). Routes name them as a second choice, or nobody does.

What leaves carries no word of who asked: the platform's headers and the caller's key are taken off.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY
from config.overflow import AzureBackend, OverflowBackend

from .metadata import metadata
from .request_headers import STAYS_INSIDE

AI_GATEWAY = "aigateway.envoyproxy.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"


@dataclass(frozen=True, kw_only=True)
class OverflowArgs:
    """A back end outside the platform."""

    name: str
    """Its name in the environment."""

    backend: OverflowBackend
    """Its section."""

    take_off: tuple[str, ...] = ()
    """Further headers that stay inside: the picker's, as the release names them."""


class Overflow(pulumi.ComponentResource):
    """A back end that takes what our own models can't."""

    def __init__(self, name: str, args: OverflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Overflow", name, None, opts)
        for api_version, kind, spec in objects(args):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{kind.lower()}",
                api_version=api_version,
                kind=kind,
                metadata=metadata(object_name(args.name), GATEWAY, annotations=agreement(args.backend)),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def object_name(backend: str) -> str:
    """Name of a back end's objects; audit records and `x-andel-answered-by` are read by it."""
    return f"overflow-{backend}"


def agreement(backend: OverflowBackend) -> dict[str, str]:
    """Who processes the data, where it is seen by who looks at the cluster."""
    return {"andel/processor": backend.processor, "andel/region": backend.region}


def objects(args: OverflowArgs) -> list[tuple[str, str, dict[str, Any]]]:
    """The three objects, as (apiVersion, kind, spec)."""
    name, outside = object_name(args.name), args.backend
    azure = isinstance(outside, AzureBackend)
    secret = {"secretRef": {"name": outside.secret_name}}
    return [
        (f"{ENVOY_GATEWAY}/v1alpha1", "Backend", endpoint(outside)),
        (
            f"{AI_GATEWAY}/v1beta1",
            "AIServiceBackend",
            {
                "schema": schema(outside),
                "backendRef": {"group": ENVOY_GATEWAY, "kind": "Backend", "name": name},
                "headerMutation": {"remove": sorted({*STAYS_INSIDE, *args.take_off})},
            },
        ),
        (
            f"{AI_GATEWAY}/v1beta1",
            "BackendSecurityPolicy",
            {
                "targetRefs": [{"group": AI_GATEWAY, "kind": "AIServiceBackend", "name": name}],
                **({"type": "AzureAPIKey", "azureAPIKey": secret} if azure else {"type": "APIKey", "apiKey": secret}),
            },
        ),
    ]


def endpoint(outside: OverflowBackend) -> dict[str, Any]:
    """Host and port, and whom to believe its certificate."""
    trusted: dict[str, Any] = {"wellKnownCACertificates": "System"}
    if outside.authorities is not None:
        trusted = {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": outside.authorities}]}
    return {
        "endpoints": [{"fqdn": {"hostname": outside.host, "port": outside.port}}],
        "tls": {**trusted, "sni": outside.host, "minVersion": "1.2"},
    }


def schema(outside: OverflowBackend) -> dict[str, str]:
    """Which API it speaks."""
    if isinstance(outside, AzureBackend):
        return {"name": "AzureOpenAI", "version": outside.api_version}
    return {"name": "OpenAI", "prefix": outside.prefix}
