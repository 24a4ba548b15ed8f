# SPDX-License-Identifier: MPL-2.0
"""Objects that tests of the real node write, each with its address."""

from collections.abc import Iterator
from typing import Any

NAMESPACE = "town"
STORE = "docker.io/valkey/valkey:8.1.11"
RESTRICTED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Security of a container behind the walls of Pod Security."""


def deployment(name: str, replicas: int, *containers: dict[str, Any], **pod: Any) -> tuple[str, dict[str, Any]]:
    labels = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": list(containers), **pod}},
    }
    identity = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
    return f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}", {**identity, "spec": spec}


def service(name: str, port: int, target: int) -> tuple[str, dict[str, Any]]:
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": target}]}
    identity = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    return f"/api/v1/namespaces/{NAMESPACE}/services/{name}", {**identity, "spec": spec}


def stored() -> Iterator[tuple[str, dict[str, Any]]]:
    """Two stores behind a Service, as objects by address."""
    store = {
        "name": "store",
        "image": STORE,
        "args": ["--dir", "/data", "--appendonly", "yes", "--protected-mode", "no"],
        "command": ["valkey-server"],
        "readinessProbe": {"exec": {"command": ["valkey-cli", "ping"]}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "securityContext": {**RESTRICTED, "runAsUser": 65532},
    }
    volumes = [{"name": "data", "emptyDir": {}}]
    yield deployment("store", 2, store, volumes=volumes, securityContext={"fsGroup": 65532})
    yield service("store", 6379, 6379)


def routed(model: str, host: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A gateway with one route to a model, as objects by address."""
    gateway, ai, envoy = "gateway.networking.k8s.io", "aigateway.envoyproxy.io", "gateway.envoyproxy.io"
    parent = {"group": gateway, "kind": "Gateway", "name": "edge"}
    header = {"type": "Exact", "name": "x-ai-eg-model", "value": model}
    spec: dict[tuple[str, str, str, str], dict[str, Any]] = {
        (gateway, "v1", "Gateway", "edge"): {
            "gatewayClassName": "node",
            "listeners": [{"name": "http", "protocol": "HTTP", "port": 8080}],
        },
        (envoy, "v1alpha1", "Backend", model): {"endpoints": [{"fqdn": {"hostname": host, "port": 80}}]},
        (ai, "v1beta1", "AIServiceBackend", model): {
            "schema": {"name": "OpenAI"},
            "backendRef": {"group": envoy, "kind": "Backend", "name": model},
        },
        (ai, "v1beta1", "AIGatewayRoute", model): {
            "parentRefs": [parent],
            "rules": [{"matches": [{"headers": [header]}], "backendRefs": [{"name": model}]}],
        },
    }
    of_gateways = {
        "apiVersion": f"{gateway}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "node"},
        "spec": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
    }
    yield f"/apis/{gateway}/v1/gatewayclasses/node", of_gateways
    for (group, version, kind, name), wanted in spec.items():
        manifest = {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": name}, "spec": wanted}
        yield f"/apis/{group}/{version}/namespaces/{NAMESPACE}/{kind.lower()}s/{name}", manifest
