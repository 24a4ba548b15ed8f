# SPDX-License-Identifier: MPL-2.0
"""What of a caller's request is let in: a ClientTrafficPolicy (gateway.envoyproxy.io/v1alpha1, Envoy Gateway 1.8).

Headers by which the platform speaks to itself are removed before anything looks at a request.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gateway import Gateway
from config.names import GATEWAY
from config.scalars import amount

from ..metadata import metadata
from ..request_headers import ANSWERED_BY, ANSWERED_BY_VALUE
from .headers import SPOOFABLE, SPOOFABLE_PREFIXES

RECEIVING = "60s"
"""Longest time in which a request arrives whole."""

SMALLEST_WINDOW = "64Ki"
"""Least window of a stream (source: Envoy Gateway v1.8.3, 65,535 bytes)."""

IDLE = "1h"
"""Time after which an unused connection is closed."""


@dataclass(frozen=True, kw_only=True)
class ClientTrafficArgs:
    """The Gateway and its section."""

    name: str
    """Name of the Gateway."""

    gateway: Gateway
    """Its section."""


class ClientTraffic(pulumi.ComponentResource):
    """The policy."""

    def __init__(self, name: str, args: ClientTrafficArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:ClientTraffic", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="ClientTrafficPolicy",
            metadata=metadata("edge-clients", GATEWAY),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: ClientTrafficArgs) -> dict[str, Any]:
    """Headers, sizes, times, TLS and paths."""
    hops = args.gateway.trusted_hops
    behind = {"clientIPDetection": {"xForwardedFor": {"numTrustedHops": hops}}} if hops else {}
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": args.name}],
        "headers": {
            "earlyRequestHeaders": {"removeOnMatch": removed(hops)},
            # Overflow is never silent: an answer says which host gave it; and by its id its record is found.
            "lateResponseHeaders": {
                "set": [
                    {"name": ANSWERED_BY, "value": ANSWERED_BY_VALUE},
                    {"name": "x-request-id", "value": "%REQ(X-REQUEST-ID)%"},
                ]
            },
            # An underscore and a hyphen are the same letter to some servers behind a proxy.
            "withUnderscoresAction": "RejectRequest",
            "requestID": "Generate",
            "xForwardedClientCert": {"mode": "Sanitize"},
        },
        "path": {"disableMergeSlashes": False, "escapedSlashesAction": "RejectRequest"},
        "tls": {"minVersion": "1.2", "alpnProtocols": ["h2", "http/1.1"]},
        "timeout": {
            "http": {
                "requestReceivedTimeout": RECEIVING,
                "idleTimeout": IDLE,
                "streamIdleTimeout": f"{args.gateway.request_timeout_seconds}s",
            }
        },
        **held(args.gateway.limits.largest_request),
        **behind,
    }


def held(largest: str) -> dict[str, Any]:
    """How much of a request is kept in memory while it is looked at, in either version of HTTP.

    For HTTP/2 Envoy takes a stream's window for the limit, 64 KiB if nobody says more (source: Envoy 1.38,
    `ConnectionImpl::StreamImpl::bufferLimit`): a longer prompt would be refused with 413. It is never less than that.
    """
    window = largest if amount(largest) > amount(SMALLEST_WINDOW) else SMALLEST_WINDOW
    return {"connection": {"bufferLimit": largest}, "http2": {"initialStreamWindowSize": window}}


def removed(hops: int) -> list[dict[str, str]]:
    """Headers of callers that go no further. Where load balancers are trusted, Envoy itself reads what they forward."""
    forwarded = ("x-forwarded-for",) if hops == 0 else ()
    return [
        *({"type": "Prefix", "value": prefix} for prefix in SPOOFABLE_PREFIXES),
        *(
            {"type": "Exact", "value": name}
            for name in (*SPOOFABLE, *forwarded)
            if not name.startswith(SPOOFABLE_PREFIXES)
        ),
    ]
