# SPDX-License-Identifier: MPL-2.0
"""The way from the edge to the inner gateway: a Backend over TLS (Envoy Gateway v1.8), its AIServiceBackend, and what
the inner gateway does with each request first (ClientTrafficPolicy).

The caller's key ends here: models never see it. The rank of a request becomes the name of an objective here: the edge
says entry and band, each from what it decided, and the picker's header is written from both.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY

from .edge.client_traffic import held
from .edge.headers import BAND
from .gateway import INNER
from .metadata import metadata
from .request_headers import ENTRY


@dataclass(frozen=True, kw_only=True)
class InnerHopArgs:
    """Where the inner gateway is, and how it proves that it is the one."""

    host: str
    """Host of its Service, and the name in its certificate."""

    authorities: str
    """Secret of the gateway's namespace whose key `ca.crt` holds the authorities of that certificate."""

    objective_header: str
    """The picker's header that names an objective, as the release has it."""

    largest_request: str
    """Largest body that is kept in memory while a model is chosen. Envoy's own 32 KiB would refuse long prompts."""

    port: int = 443
    """Port of its listener."""


class InnerHop(pulumi.ComponentResource):
    """Backend, AIServiceBackend and ClientTrafficPolicy `inner`."""

    def __init__(self, name: str, args: InnerHopArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:InnerHop", name, None, opts)
        for api_version, kind, spec in (
            ("gateway.envoyproxy.io/v1alpha1", "Backend", endpoint(args)),
            ("aigateway.envoyproxy.io/v1beta1", "AIServiceBackend", service()),
            ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", first(args)),
        ):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{kind.lower()}",
                api_version=api_version,
                kind=kind,
                metadata=metadata(INNER, GATEWAY),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def endpoint(args: InnerHopArgs) -> dict[str, Any]:
    """The Service behind its certificate."""
    authorities = {"group": "", "kind": "Secret", "name": args.authorities}
    return {
        "endpoints": [{"fqdn": {"hostname": args.host, "port": args.port}}],
        "tls": {"caCertificateRefs": [authorities], "sni": args.host, "minVersion": "1.2"},
    }


def service() -> dict[str, Any]:
    """OpenAI's API, without the caller's key."""
    return {
        "schema": {"name": "OpenAI"},
        "backendRef": {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": INNER},
        "headerMutation": {"remove": ["authorization"]},
    }


def first(args: InnerHopArgs) -> dict[str, Any]:
    """The objective `<entry>-<band>` (components/serving/objectives.py), whatever came under that name."""
    objective = {"name": args.objective_header, "value": f"%REQ({ENTRY})%-%REQ({BAND})%"}
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": INNER}],
        # The edge's id goes on to pickers and models: their logs are found by the record's.
        "headers": {"earlyRequestHeaders": {"set": [objective]}, "requestID": "PreserveOrGenerate"},
        **held(args.largest_request),
    }
