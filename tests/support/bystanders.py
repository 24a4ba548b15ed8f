# SPDX-License-Identifier: MPL-2.0
"""Pods that no manifest of ours makes, as those who make them label them; and addresses outside a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from components.chat_gateway import CHATS
from components.gateway import EDGE, INNER
from components.kserve_settings import VLLM_PORT
from config.environment import Environment
from config.names import GATEWAY, SERVING, SYSTEM

from .reach import Peer

ENVOY = {
    "app.kubernetes.io/name": "envoy",
    "app.kubernetes.io/component": "proxy",
    "app.kubernetes.io/managed-by": "envoy-gateway",
}
"""Labels of every proxy (source: Envoy Gateway v1.8.3, internal/infrastructure/kubernetes/proxy/resource.go)."""

LIMITER = {
    "app.kubernetes.io/name": "envoy-ratelimit",
    "app.kubernetes.io/component": "ratelimit",
    "app.kubernetes.io/managed-by": "envoy-gateway",
}
"""Labels of the limiter (source: the same, ratelimit/resource.go)."""

OUTSIDE = (
    Peer(role="internet", address="203.0.113.7"),
    Peer(role="API server", address="10.0.0.1"),
)


def bystanders(environment: Environment, objects: Sequence[Mapping[str, Any]]) -> Iterator[Peer]:
    """Everybody who is there besides, on a cluster that has it all.

    Args:
        environment: whose platform.
        objects: its manifests: pods of models are those that KServe makes of some of them.
    """
    gateway = environment.gateway
    assert gateway
    place = gateway.proxy_namespace
    for name, namespace in ((EDGE, GATEWAY), (INNER, GATEWAY), (CHATS, SYSTEM)):
        yield proxy(name, namespace, place)
    yield Peer(
        role="limiter",
        namespace=place,
        labels=LIMITER,
        ports={"grpc": 8081, "metrics": 19001},
    )
    yield Peer(role="controller", namespace=place, labels={"control-plane": "envoy-gateway"}, ports={"grpc": 18000})
    monitoring = environment.monitoring.namespace if environment.monitoring else "monitoring"
    yield Peer(role="Prometheus", namespace=monitoring, labels={"app.kubernetes.io/name": "prometheus"})
    yield Peer(role="DNS", namespace="kube-system", labels={"k8s-app": "kube-dns"}, ports={"dns-tcp": 53})
    yield Peer(role="Keycloak", namespace="keycloak", labels={"app": "keycloak"}, ports={"https": 8443})
    # Somebody else's, in a namespace without a wall: labels of pods are anybody's to choose.
    for name, namespace in ((EDGE, GATEWAY), (INNER, GATEWAY), (CHATS, SYSTEM)):
        yield replace(proxy(name, namespace, "elsewhere"), role=f"false {name}")
    yield Peer(role="false limiter", namespace="elsewhere", labels=LIMITER)
    yield Peer(role="false Prometheus", namespace="elsewhere", labels={"app.kubernetes.io/name": "prometheus"})
    # Nothing of ours runs there, and something might.
    yield Peer(role="pod", namespace=SYSTEM)
    yield from (pod for one in objects for pod in served(one))
    yield from OUTSIDE


def proxy(gateway: str, namespace: str, place: str) -> Peer:
    """A Gateway's proxy (source: the same; ports: internal/xds/bootstrap, and 443 moved up by 10000)."""
    owner = "gateway.envoyproxy.io/owning-gateway"
    labels = {**ENVOY, f"{owner}-name": gateway, f"{owner}-namespace": namespace}
    return Peer(
        role=gateway, namespace=place, labels=labels, ports={"https-443": 10443, "metrics": 19001, "aigw-admin": 1064}
    )


def served(manifest: Mapping[str, Any]) -> Iterator[Peer]:
    """Pods that KServe (v0.20.0: controllers `llmisvc` and `inferenceservice`) and KubeAI (0.22.1) make of a model."""
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    match kind:
        case "LLMInferenceService":
            ours = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "llminferenceservice"}
            component = "app.kubernetes.io/component"
            workload = {**ours, component: "llminferenceservice-workload"}
            picker = {**ours, component: "llminferenceservice-router-scheduler"}
            yield Peer(role=name, namespace=SERVING, labels=workload, ports={"https": 8000, "inner": 8001})
            yield Peer(role=f"{name}-picker", namespace=SERVING, labels=picker, ports={"grpc": 9002, "metrics": 9090})
        case "InferenceService":
            labels = {"serving.kserve.io/inferenceservice": name, "component": "predictor"}
            yield Peer(role=name, namespace=SERVING, labels=labels, ports={"http1": VLLM_PORT})
        case "Model":
            yield Peer(role=name, namespace=SERVING, labels={"model": name}, ports={"http": 8000})
