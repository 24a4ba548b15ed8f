# SPDX-License-Identifier: MPL-2.0
"""What may pass the walls of the platform's namespaces: NetworkPolicy specs by name."""

from typing import Any
from urllib.parse import urlsplit

from config.environment import Environment
from config.limits import ExternalStore

from .edge.authorino import AUTHORINO
from .edge.authorino import METRICS as AUTHORINO_METRICS
from .edge.authorino import PORT as AUTHORINO_PORT
from .edge.figures import FIGURES
from .edge.store import PORT as STORE_PORT
from .edge.store import STORE
from .edge.tls_front import PORT as TLS_PORT
from .edge.workload import labels
from .kserve_settings import VLLM_PORT
from .modelmesh.names import METRICS_PORT, STATUS_PORT
from .namespace import from_namespace, ports
from .overflow_exit import EXIT
from .overflow_exit import PORT as EXIT_PORT
from .proxies import edge_proxies, inner_proxies, limiter
from .serving.llm_d import PICKER_METRICS
from .serving.llm_d_pods import BEHIND_SIDECAR
from .serving.llm_d_pods import PORT as LLM_D_PORT

MODEL_PORTS = ports(LLM_D_PORT) + ports(VLLM_PORT)
"""Ports on which models answer requests and `/metrics`."""

PICKER_PORT = 9002
"""Port on which Envoy asks an endpoint picker (ext_proc, gRPC)."""


OTLP_PORT = 4317
"""Port of collectors, where an address names none (OTLP over gRPC)."""


def serving_traffic(environment: Environment) -> dict[str, Any]:
    """Models answer the inner gateway, each other and Prometheus; they fetch weights. Pickers watch the API server."""
    callers: dict[str, Any] = {
        "allow-same-namespace": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"podSelector": {}}]}],
        },
        # Weights from a hub, and the API server behind its Service (443) or itself (6443).
        "allow-https-out": egress(ports(443) + ports(6443)),
    }
    if environment.gateway is not None:
        inner = inner_proxies(environment.gateway.proxy_namespace)
        callers["allow-gateway"] = ingress([inner], MODEL_PORTS + ports(PICKER_PORT))
    if environment.monitoring is not None:
        prometheus = from_namespace(environment.monitoring.namespace)
        mesh = ports(STATUS_PORT) + ports(METRICS_PORT) if environment.modelmesh else []
        models = MODEL_PORTS + ports(PICKER_METRICS) + ports(BEHIND_SIDECAR)
        callers["allow-prometheus"] = ingress([prometheus], models + mesh)
        if environment.monitoring.traces is not None:
            collector = urlsplit(environment.monitoring.traces.endpoint).port or OTLP_PORT
            callers["allow-traces-out"] = egress(ports(collector))
    return callers


def gateway_traffic(environment: Environment) -> dict[str, Any]:
    """The edge asks Authorino, and the limiter counts in the store; both run in a namespace of Envoy Gateway's.

    Authorino watches the API server and reads issuers' keys.
    """
    if environment.gateway is None:
        return {}
    edge = edge_proxies(environment.gateway.proxy_namespace)
    inside: dict[str, Any] = {"podSelector": {}}
    policies: dict[str, Any] = {
        "allow-same-namespace": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [inside], "ports": ports(TLS_PORT) + ports(STORE_PORT)}],
            "egress": [{"to": [inside], "ports": ports(TLS_PORT) + ports(STORE_PORT)}],
        },
        "allow-edge": {
            "podSelector": {"matchLabels": labels(AUTHORINO)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [edge], "ports": ports(AUTHORINO_PORT)}],
            # Keys of issuers, and the API server behind its Service (443) or itself (6443).
            "egress": [{"ports": ports(443) + ports(6443)}],
        },
        "allow-limiter": {
            "podSelector": {"matchLabels": labels(STORE)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [limiter(environment.gateway.proxy_namespace)], "ports": ports(STORE_PORT)}],
        },
    }
    if environment.overflow:
        outside = sorted({backend.port for backend in environment.overflow.values()})
        policies["allow-exit"] = {
            "podSelector": {"matchLabels": labels(EXIT)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [edge], "ports": ports(EXIT_PORT)}],
            "egress": [{"ports": [one for port in outside for one in ports(port)]}],
        }
    if environment.monitoring is not None and environment.monitoring.members is not None:
        asked = urlsplit(environment.monitoring.prometheus or "")
        policies["allow-figures"] = {
            "podSelector": {"matchLabels": labels(FIGURES)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [edge], "ports": ports(TLS_PORT)}],
            "egress": [{"ports": ports(asked.port or {"http": 80}.get(asked.scheme, 443))}],
        }
    store = environment.gateway.limits.store
    if isinstance(store, ExternalStore):
        policies["allow-store-out"] = egress(ports(store.port))
    if environment.gateway.identity.service is not None:
        existing = from_namespace(environment.gateway.identity.service.namespace)
        policies["allow-authorino"] = ingress([existing], ports(TLS_PORT))
    if environment.monitoring is not None:
        watching = ingress([from_namespace(environment.monitoring.namespace)], ports(AUTHORINO_METRICS))
        policies["allow-prometheus"] = {**watching, "podSelector": {"matchLabels": labels(AUTHORINO)}}
    return policies


def ingress(peers: list[dict[str, Any]], allowed: list[dict[str, Any]]) -> dict[str, Any]:
    """Some peers may reach all pods on some ports."""
    return {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": peers, "ports": allowed}]}


def egress(allowed: list[dict[str, Any]]) -> dict[str, Any]:
    """All pods may reach anybody on some ports."""
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": allowed}]}
