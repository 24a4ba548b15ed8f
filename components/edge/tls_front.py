# SPDX-License-Identifier: MPL-2.0
"""An Envoy that brings TLS to a program which has none: HTTPS in, plain HTTP on the pod's loopback.

Bootstrap of Envoy 1.38 (envoy.config.bootstrap.v3), read from a file; it says ready on a port of its own.
"""

from typing import Any

from .workload import container, mount

PORT = 8443
"""Its port (HTTPS)."""

PROBES = 8444
"""Port that says ready."""

INSIDE = 8080
"""Port of the program on the loopback."""

SETTINGS = "envoy.yaml"
"""File with its bootstrap, below `/settings`."""

API = "type.googleapis.com/envoy.extensions"


def front(image: str) -> dict[str, Any]:
    """The container; its pod has the volumes `settings` and `certificate`."""
    return container(
        "tls",
        image,
        "128Mi",
        "20m",
        command=[
            *("envoy", "-c", f"/settings/{SETTINGS}", "--concurrency", "1"),
            *("--log-level", "error", "--disable-hot-restart"),
        ],
        ports=[{"name": "https", "containerPort": PORT}],
        readinessProbe={"httpGet": {"port": PROBES, "path": "/ready"}, "periodSeconds": 5},
        volumeMounts=[mount("settings", "/settings"), mount("certificate", "/certificate")],
    )


def bootstrap(program: str, asked: dict[str, str], ready: str, timeout: str) -> dict[str, Any]:
    """Its settings.

    Args:
        program: name of what it stands before.
        asked: paths that are passed on, as Envoy matches them.
        ready: path on which the program says that it is ready.
        timeout: longest wait for an answer, as `1s`.
    """
    loopback = {"endpoint": {"address": socket("127.0.0.1", INSIDE)}}
    passed = {"match": asked, "route": {"cluster": program, "timeout": timeout}}
    probed = {"match": {"path": "/ready"}, "route": {"cluster": program, "prefix_rewrite": ready, "timeout": "1s"}}
    return {
        "static_resources": {
            "listeners": [listener("https", PORT, [passed], tls()), listener("ready", PROBES, [probed], None)],
            "clusters": [
                {
                    "name": program,
                    "type": "STATIC",
                    "connect_timeout": "0.5s",
                    "load_assignment": {"cluster_name": program, "endpoints": [{"lb_endpoints": [loopback]}]},
                }
            ],
        }
    }


def tls() -> dict[str, Any]:
    """Its certificate."""
    files = {
        "certificate_chain": {"filename": "/certificate/tls.crt"},
        "private_key": {"filename": "/certificate/tls.key"},
    }
    return {
        "@type": f"{API}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificates": [files],
        },
    }


def socket(address: str, port: int) -> dict[str, Any]:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": address, "port_value": port}}


def listener(name: str, port: int, routes: list[dict[str, Any]], secured: dict[str, Any] | None) -> dict[str, Any]:
    """A port of all addresses of the pod, and where its requests go."""
    manager = {
        "@type": f"{API}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{API}.filters.http.router.v3.Router"}}],
    }
    chain: dict[str, Any] = {"filters": [{"name": "http", "typed_config": manager}]}
    if secured is not None:
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": secured}
    return {"name": name, "address": socket("0.0.0.0", port), "filter_chains": [chain]}  # noqa: S104
