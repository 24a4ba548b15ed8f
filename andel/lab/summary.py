# SPDX-License-Identifier: MPL-2.0
"""What stands on a lab now, as its API server tells it."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from andel.tables import table
from components.huggingface_runtime import RUNTIME
from config.environment import Environment
from config.names import GATEWAY, SERVING

from .control_plane import ControlPlane

GROUPS = {
    "llm-d": f"/apis/serving.kserve.io/v1alpha2/namespaces/{SERVING}/llminferenceservices",
    "kserve": f"/apis/serving.kserve.io/v1beta1/namespaces/{SERVING}/inferenceservices",
    "huggingface": f"/apis/serving.kserve.io/v1beta1/namespaces/{SERVING}/inferenceservices",
    "kubeai": f"/apis/kubeai.org/v1/namespaces/{SERVING}/models",
    "modelmesh": f"/apis/serving.kserve.io/v1alpha1/namespaces/{SERVING}/predictors",
}
"""Where the objects of each serving kind stand."""

ROUTES = f"/apis/aigateway.envoyproxy.io/v1beta1/namespaces/{SERVING}/aigatewayroutes"
"""Where the models' routes stand."""


@dataclass(frozen=True)
class PoolStatus:
    """A pool: what its nodes offer."""

    pool: str
    nodes: int
    ready: int
    resource: str
    shares: int
    used: int


@dataclass(frozen=True)
class ModelStatus:
    """A model: how it is served."""

    model: str
    serving: str
    pool: str
    replicas: int
    route: bool


@dataclass(frozen=True)
class Summary:
    """A whole platform."""

    pools: list[PoolStatus]
    models: list[ModelStatus]
    gateway: str
    tiers: list[str]


def summary(environment: Environment, plane: ControlPlane) -> Summary:
    """Ask the API server of the GPU cluster what stands."""
    api = plane.api("operator")
    nodes = api.items("/api/v1/nodes")
    objects = {
        kind: {item["metadata"]["name"]: item for item in api.items(path) if _is_of(kind, item)}
        for kind, path in GROUPS.items()
    }
    routes = {route["metadata"]["name"] for route in api.items(ROUTES)}
    models = [
        ModelStatus(name, kind, environment.models[name].pool, _replicas(item), name in routes)
        for kind, found in objects.items()
        for name, item in sorted(found.items())
        if name in environment.models
    ]
    edge = api.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{GATEWAY}/gateways/edge")
    limits = api.get(f"/apis/gateway.envoyproxy.io/v1alpha1/namespaces/{GATEWAY}/backendtrafficpolicies/edge-limits")
    return Summary(
        pools=[_pool(name, environment, nodes, models) for name in environment.pools],
        models=models,
        gateway=f"https://{edge['spec']['listeners'][0]['hostname']}/v1" if edge else "",
        tiers=_limited(limits or {}),
    )


def _limited(policy: dict[str, Any]) -> list[str]:
    """Tiers that the edge holds."""
    rules = policy.get("spec", {}).get("rateLimit", {}).get("global", {}).get("rules", [])
    headers = (header for rule in rules for one in rule["clientSelectors"] for header in one["headers"])
    return sorted({header["value"] for header in headers if header["name"] == "x-andel-tier"})


def _pool(name: str, environment: Environment, nodes: list[dict[str, Any]], models: list[ModelStatus]) -> PoolStatus:
    pool = environment.pools[name]
    labels = getattr(pool.nodes, "labels", {"andel/pool": name})
    found = [node for node in nodes if labels.items() <= node["metadata"]["labels"].items()]
    return PoolStatus(
        pool=name,
        nodes=len(found),
        ready=sum(_is_ready(node) for node in found),
        resource=pool.resource,
        shares=sum(int(node["status"]["allocatable"].get(pool.resource, 0)) for node in found),
        used=sum(environment.models[model.model].gpus * model.replicas for model in models if model.pool == name),
    )


def _is_ready(node: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", []))


def _is_of(kind: str, item: dict[str, Any]) -> bool:
    """Two kinds are InferenceServices: their runtime tells which."""
    runtime = item["spec"].get("predictor", {}).get("model", {}).get("runtime")
    return runtime is None or runtime.startswith(RUNTIME) == (kind == "huggingface")


def _replicas(item: dict[str, Any]) -> int:
    spec = item["spec"]
    asked = spec["predictor"].get("minReplicas") if "predictor" in spec else spec.get("replicas")
    return 0 if asked is None else int(asked)  # an autoscaler's own count stands on what it scales


def show(found: Summary, unchecked: list[str], stack: str) -> None:
    """Print what stands, and how to look further."""
    console = Console()
    table("GPU pools", found.pools)
    table("models", found.models)
    console.print(f"gateway  {found.gateway or 'none'}\ntiers    {', '.join(found.tiers) or 'none'}", highlight=False)
    if unchecked:
        console.print(f"unchecked: {', '.join(unchecked)} (no definition at hand: any field is taken)", highlight=False)
    console.print(
        f"look further: .venv/bin/andel lab exec --stack {stack} -- kubectl get nodes,llmisvc,isvc,gateways -A",
        highlight=False,
        soft_wrap=True,
    )
