# SPDX-License-Identifier: MPL-2.0
"""Envoy with two doors to the same pods: one asks the picker, one goes round. As Envoy AI Gateway 1.0 sets it up.

Source: ai-gateway v1.0.0, internal/extensionserver/inferencepool.go and post_translate_modify.go: ext_proc with whole
bodies streamed both ways, 300 s for an answer, fail closed; a cluster that goes where the picker's header says.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DESTINATION = "x-gateway-destination-endpoint"
"""Header in which the picker names a pod (source: GIE v1.5.0, pkg/epp/metadata/consts.go)."""

EXTENSIONS = "type.googleapis.com/envoy.extensions"

LIMITS = {"thresholds": [{"max_connections": 65536, "max_pending_requests": 65536, "max_requests": 65536}]}
"""No request is turned away by Envoy: queues belong to engines and picker."""


def bootstrap(doors: Mapping[str, int], admin: int, pods: Sequence[tuple[str, int]], picker: int) -> Any:
    """Envoy's configuration.

    Args:
        doors: ports of the doors `round-robin` and `picked`.
        admin: port of its own pages.
        pods: addresses of the model servers.
        picker: gRPC port of the picker on loopback.
    """
    return {
        "admin": {"address": address("127.0.0.1", admin)},
        "static_resources": {
            "listeners": [
                listener("round-robin", doors["round-robin"], "pods", []),
                listener("picked", doors["picked"], "chosen", [picking()]),
            ],
            "clusters": [
                cluster("pods", pods),
                chosen(),
                cluster("picker", [("127.0.0.1", picker)]) | {**SECURED, **HTTP2},
            ],
        },
    }


def listener(name: str, port: int, target: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
    """A door to a cluster, through filters."""
    router = {"name": "router", "typed_config": {"@type": f"{EXTENSIONS}.filters.http.router.v3.Router"}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": target, "timeout": "600s"}}
    connection = {
        "@type": f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}]},
        "http_filters": [*filters, router],
    }
    return {
        "name": name,
        "address": address("127.0.0.1", port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connection}]}],
    }


def picking() -> dict[str, Any]:
    """The filter that asks the picker."""
    modes = {f"{what}_header_mode": "SEND" for what in ("request", "response")}
    modes |= {f"{what}_body_mode": "FULL_DUPLEX_STREAMED" for what in ("request", "response")}
    modes |= {f"{what}_trailer_mode": "SEND" for what in ("request", "response")}
    return {
        "name": "picker",
        "typed_config": {
            "@type": f"{EXTENSIONS}.filters.http.ext_proc.v3.ExternalProcessor",
            "grpc_service": {"envoy_grpc": {"cluster_name": "picker"}},
            "processing_mode": modes,
            "message_timeout": "300s",
            "failure_mode_allow": False,
        },
    }


def cluster(name: str, endpoints: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Fixed endpoints, in turn."""
    lb_endpoints = [{"endpoint": {"address": address(host, port)}} for host, port in endpoints]
    return {
        "name": name,
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": "5s",
        "circuit_breakers": LIMITS,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": lb_endpoints}]},
    }


def chosen() -> dict[str, Any]:
    """The cluster of whatever pod the picker named."""
    return {
        "name": "chosen",
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "5s",
        "circuit_breakers": LIMITS,
        "original_dst_lb_config": {"use_http_header": True, "http_header_name": DESTINATION},
    }


def address(host: str, port: int) -> dict[str, Any]:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": host, "port_value": port}}


SECURED = {
    # The picker signs its certificate itself, for as long as it lives; on a cluster the gateway does not verify it
    # either (ai-gateway v1.0.0).
    "transport_socket": {
        "name": "tls",
        "typed_config": {"@type": f"{EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"},
    }
}
HTTP2 = {
    "typed_extension_protocol_options": {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
    }
}
