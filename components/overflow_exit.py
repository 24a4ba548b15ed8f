# SPDX-License-Identifier: MPL-2.0
"""The exit: the one place by which requests leave the platform. Envoys of our own (v3 API, as the release pins them)
between the edge and the back ends outside.

What leaves must not say who asked. The edge can't take that off itself: what a filter of Envoy removes on the way to a
back end is gone for all that comes after it, for the record of the request and for the limiter, which reads identity
when an answer has ended (Envoy 1.38, http/ratelimit `onDestroy`). Answers from outside would cost nobody anything.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gateway import Gateway
from config.names import GATEWAY
from config.overflow import AzureBackend, OverflowBackend

from .edge.headers import LEAVES_WITH_NOBODY, SPOOFABLE_PREFIXES
from .edge.internal_tls import InternalCertificate, certificate, issuer
from .edge.workload import container, deployment, labels, mount, pod, secret
from .metadata import metadata
from .overflow import EXIT_TLS, exit_host, object_name

EXIT = "exit"
"""Name of its objects, but for the Services: each back end has one."""

PORT = 8443
"""Port of all back ends; the name that the edge asks for (SNI) says which."""

PROBES = 8444
"""Port of Envoy that says ready."""

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""What Envoy's image trusts."""


@dataclass(frozen=True, kw_only=True)
class OverflowExitArgs:
    """All ways out."""

    backends: Mapping[str, OverflowBackend]
    """Back ends by name."""

    gateway: Gateway
    """Its section: how many proxies there are, and who signs."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class OverflowExit(pulumi.ComponentResource):
    """Certificate, settings, Deployment, and a Service for each back end."""

    def __init__(self, name: str, args: OverflowExitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:OverflowExit", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._placed = metadata(EXIT, GATEWAY, labels=labels(EXIT))
        self._certify(name, args)
        self._run(name, args)
        for backend in args.backends:
            kubernetes.core.v1.Service(
                f"{name}-{backend}",
                metadata=_unawaited(metadata(object_name(backend), GATEWAY)),
                spec={"selector": labels(EXIT), "ports": [{"name": "https", "port": 443, "targetPort": PORT}]},
                opts=self._child,
            )
        self.register_outputs({})

    def _certify(self, name: str, args: OverflowExitArgs) -> None:
        hosts = tuple(exit_host(backend) for backend in sorted(args.backends))
        signed = InternalCertificate(name=EXIT_TLS, namespace=GATEWAY, hosts=hosts)
        kubernetes.apiextensions.CustomResource(
            f"{name}-certificate",
            api_version="cert-manager.io/v1",
            kind="Certificate",
            metadata=metadata(EXIT_TLS, GATEWAY),
            spec=certificate(signed, issuer(args.gateway.authority)),
            opts=self._child,
        )

    def _run(self, name: str, args: OverflowExitArgs) -> None:
        data = {"envoy.json": json.dumps(envoy(args))}
        kubernetes.core.v1.ConfigMap(f"{name}-settings", metadata=self._placed, data=data, opts=self._child)
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-disruption",
            metadata=self._placed,
            spec={"maxUnavailable": 1, "selector": {"matchLabels": labels(EXIT)}},
            opts=self._child,
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=_unawaited(self._placed),
            spec=deployment(EXIT, args.gateway.replicas, template(args)),
            opts=self._child,
        )


def _unawaited(placed: dict[str, Any]) -> dict[str, Any]:
    """Its certificate, or a back end's authorities, may come later than its pods."""
    return {**placed, "annotations": {**placed["annotations"], "pulumi.com/skipAwait": "true"}}


def template(args: OverflowExitArgs) -> dict[str, Any]:
    """Its pods."""
    named = {name: backend.authorities for name, backend in sorted(args.backends.items()) if backend.authorities}
    one = container(
        EXIT,
        args.images["envoy"],
        "256Mi",
        "50m",
        command=["envoy", "-c", "/settings/envoy.json", "--log-level", "error", "--disable-hot-restart"],
        ports=[{"name": "https", "containerPort": PORT}],
        readinessProbe={"httpGet": {"port": PROBES, "path": "/ready"}, "periodSeconds": 5},
        volumeMounts=[
            mount("settings", "/settings"),
            mount("certificate", "/certificate"),
            *(mount(f"authorities-{name}", f"/authorities/{name}") for name in named),
        ],
    )
    volumes = [
        {"name": "settings", "configMap": {"name": EXIT}},
        secret("certificate", EXIT_TLS),
        *({"name": f"authorities-{name}", "configMap": {"name": source}} for name, source in named.items()),
    ]
    written = pod(EXIT, [one], volumes)
    made_of = {"annotations": {"andel/settings": json.dumps(envoy(args))}}  # a changed file is read by new pods
    return {**written, "metadata": {**written["metadata"], **made_of}}


API = "type.googleapis.com/envoy.extensions"


def envoy(args: OverflowExitArgs) -> dict[str, Any]:
    """Envoy's bootstrap: a back end for each name that is asked for, and nothing else."""
    most = args.gateway.limits.parallel_requests
    ordered = sorted(args.backends.items())
    ready = {"match": {"path": "/ready"}, "direct_response": {"status": 200}}
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "https",
                    "address": _socket("0.0.0.0", PORT),  # noqa: S104
                    "listener_filters": [
                        {
                            "name": "tls_inspector",
                            "typed_config": {"@type": f"{API}.filters.listener.tls_inspector.v3.TlsInspector"},
                        }
                    ],
                    "filter_chains": [way_out(name, backend) for name, backend in ordered],
                },
                {
                    "name": "ready",
                    "address": _socket("0.0.0.0", PROBES),  # noqa: S104
                    "filter_chains": [{"filters": [_http("ready", ready, [])]}],
                },
            ],
            "clusters": [cluster(name, backend, most) for name, backend in ordered],
        }
    }


def way_out(name: str, backend: OverflowBackend) -> dict[str, Any]:
    """TLS in by the name of a back end, and out to its host. Times are the edge's."""
    files = {
        "certificate_chain": {"filename": "/certificate/tls.crt"},
        "private_key": {"filename": "/certificate/tls.key"},
    }
    common = {"tls_params": {"tls_minimum_protocol_version": "TLSv1_2"}, "tls_certificates": [files]}
    tls = {"@type": f"{API}.transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": common}
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": object_name(name), "timeout": "0s", "host_rewrite_literal": backend.host},
    }
    return {
        "filter_chain_match": {"server_names": [exit_host(name)]},
        "filters": [_http(object_name(name), route, [nameless(backend)])],
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
    }


def nameless(backend: OverflowBackend) -> dict[str, Any]:
    """The filter that takes off who asks, and how the platform steers itself."""
    # OpenAI's key takes the place of the caller's header; Azure's has a header of its own beside it.
    left = ("authorization",) if isinstance(backend, AzureBackend) else ()
    kinds = [
        *({"prefix": prefix} for prefix in ("x-andel-", *SPOOFABLE_PREFIXES)),
        *({"exact": name} for name in (*LEAVES_WITH_NOBODY, *left)),
    ]
    return {
        "name": "nameless",
        "typed_config": {
            "@type": f"{API}.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": {"request_mutations": [{"remove_on_match": {"key_matcher": kind}} for kind in kinds]},
        },
    }


def cluster(name: str, backend: OverflowBackend, most: int) -> dict[str, Any]:
    """A back end outside, whose certificate has to name its host."""
    trusted = f"/authorities/{name}/ca.crt" if backend.authorities else SYSTEM_AUTHORITIES
    tls = {
        "@type": f"{API}.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": backend.host,
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "validation_context": {
                "trusted_ca": {"filename": trusted},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": backend.host}}],
            },
        },
    }
    end = {"endpoint": {"address": _socket(backend.host, backend.port)}}
    return {
        "name": object_name(name),
        "type": "LOGICAL_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "5s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": most, "max_pending_requests": most, "max_requests": most}]
        },
        "load_assignment": {"cluster_name": object_name(name), "endpoints": [{"lb_endpoints": [end]}]},
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
    }


def _http(name: str, route: dict[str, Any], filters: list[dict[str, Any]]) -> dict[str, Any]:
    router = {"@type": f"{API}.filters.http.router.v3.Router", "suppress_envoy_headers": True}
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{API}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "generate_request_id": False,
            "server_header_transformation": "PASS_THROUGH",
            "stream_idle_timeout": "0s",
            "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}]},
            "http_filters": [*filters, {"name": "router", "typed_config": router}],
        },
    }


def _socket(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}
