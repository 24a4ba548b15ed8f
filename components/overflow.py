# SPDX-License-Identifier: MPL-2.0
"""Back ends outside the platform: for each a Backend (Envoy Gateway v1.8), an AIServiceBackend and a
BackendSecurityPolicy with its key (Envoy AI Gateway v1.0). Routes name them as a second choice, or nobody does.

Requests go by the exit (components/overflow_exit.py), which takes off who asked. The back end's key is put in at the
edge, in place of what was left of the caller's.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY
from config.overflow import AzureBackend, OverflowBackend

from .metadata import metadata

AI_GATEWAY = "aigateway.envoyproxy.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"


@dataclass(frozen=True, kw_only=True)
class OverflowArgs:
    """A back end outside the platform."""

    name: str
    """Its name in the environment."""

    backend: OverflowBackend
    """Its section."""


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


def exit_host(backend: str) -> str:
    """Name by which the edge asks the exit for a back end."""
    return f"{object_name(backend)}.{GATEWAY}.svc.cluster.local"


EXIT_TLS = "exit-tls"
"""Secret with the exit's certificate, and with the authorities that signed it."""


def agreement(backend: OverflowBackend) -> dict[str, str]:
    """Who processes the data, where it is seen by who looks at the cluster."""
    return {"andel/processor": backend.processor, "andel/region": backend.region}


def objects(args: OverflowArgs) -> list[tuple[str, str, dict[str, Any]]]:
    """The three objects, as (apiVersion, kind, spec)."""
    name, outside = object_name(args.name), args.backend
    azure = isinstance(outside, AzureBackend)
    secret = {"secretRef": {"name": outside.secret_name}}
    return [
        (f"{ENVOY_GATEWAY}/v1alpha1", "Backend", endpoint(args.name)),
        (
            f"{AI_GATEWAY}/v1beta1",
            "AIServiceBackend",
            {
                "schema": schema(outside),
                "backendRef": {"group": ENVOY_GATEWAY, "kind": "Backend", "name": name},
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


def endpoint(backend: str) -> dict[str, Any]:
    """The exit, and whom to believe its certificate."""
    host = exit_host(backend)
    trusted = {"caCertificateRefs": [{"group": "", "kind": "Secret", "name": EXIT_TLS}]}
    return {
        "endpoints": [{"fqdn": {"hostname": host, "port": 443}}],
        "tls": {**trusted, "sni": host, "minVersion": "1.2"},
    }


def schema(outside: OverflowBackend) -> dict[str, str]:
    """Which API it speaks."""
    if isinstance(outside, AzureBackend):
        return {"name": "AzureOpenAI", "version": outside.api_version}
    return {"name": "OpenAI", "prefix": outside.prefix}
