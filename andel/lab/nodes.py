# SPDX-License-Identifier: MPL-2.0
"""Nodes that KWOK plays: those of the environment's own pools, and one without GPUs for everything else.

Labels are those that GPU feature discovery sets (source: NVIDIA k8s-device-plugin, docs/gpu-feature-discovery).
"""

from collections.abc import Iterator
from typing import Any

from config.environment import Environment
from config.pools import Mig, NamedNodes, Pool, TimeSlicing
from config.scalars import gibibytes

from .api import ApiServer
from .control_plane import FAKE_NODE

OF_THE_LAB = {"andel.lab/node": "true"}
"""Label of nodes that the lab made and may remove."""


def gpu_nodes(environment: Environment) -> list[dict[str, Any]]:
    """The nodes of all pools."""
    return [node for name, pool in environment.pools.items() for node in pool_nodes(name, pool)]


def pool_nodes(name: str, pool: Pool) -> Iterator[dict[str, Any]]:
    """The nodes of a pool: by their names, or made-up names where it has labels alone."""
    nodes = pool.nodes
    names = nodes.names if isinstance(nodes, NamedNodes) else [f"{name}-{index}" for index in range(1, nodes.count + 1)]
    labels = discovery_labels(pool) | ({} if isinstance(nodes, NamedNodes) else dict(nodes.labels))
    capacity = {"cpu": pool.host.cpu, "memory": pool.host.memory, pool.resource: str(pool.shares_per_node)}
    taints = [taint.model_dump(exclude_defaults=False) for taint in pool.taints]
    for node in names:
        yield fake_node(node, labels, capacity, taints)


def discovery_labels(pool: Pool) -> dict[str, str]:
    """What GPU feature discovery would say of the pool's nodes."""
    labels = {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": pool.gpu.product,
        "nvidia.com/gpu.count": str(pool.gpu.per_node),
        "nvidia.com/gpu.memory": str(int(gibibytes(pool.gpu.memory) * 1024)),  # MiB
        "nvidia.com/gpu.replicas": "1",
    }
    match pool.sharing:
        case Mig(profile=profile):
            labels |= {"nvidia.com/mig.strategy": "mixed", "nvidia.com/mig.config": f"all-{profile}"}
        case TimeSlicing(replicas=replicas):
            labels |= {"nvidia.com/gpu.replicas": str(replicas), "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    return labels


def system_node() -> dict[str, Any]:
    """A node for pods without GPUs."""
    return fake_node("system-1", {}, {"cpu": "64", "memory": "256Gi"}, [])


def fake_node(
    name: str, labels: dict[str, str], capacity: dict[str, str], taints: list[dict[str, Any]]
) -> dict[str, Any]:
    """A Node that KWOK keeps ready."""
    capacity = {"pods": "110", "ephemeral-storage": "1Ti", **capacity}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": FAKE_NODE,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **OF_THE_LAB, **labels},
        },
        "spec": {"taints": taints},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def apply_nodes(api: ApiServer, nodes: list[dict[str, Any]]) -> None:
    """Make the lab's nodes these: new and changed ones are written, those that are gone are removed."""
    present = {node["metadata"]["name"]: node for node in api.items("/api/v1/nodes?labelSelector=andel.lab/node")}
    for node in nodes:
        name = node["metadata"]["name"]
        if not _stands(node, present.get(name)):
            api.apply(f"/api/v1/nodes/{name}", {key: value for key, value in node.items() if key != "status"})
            api.apply(f"/api/v1/nodes/{name}/status", {key: value for key, value in node.items() if key != "spec"})
    for name in present.keys() - {node["metadata"]["name"] for node in nodes}:
        api.delete(f"/api/v1/nodes/{name}")


def _stands(node: dict[str, Any], present: dict[str, Any] | None) -> bool:
    """Whether the API server has the node as it should be."""
    if present is None:
        return False
    taints = [
        taint for taint in present["spec"].get("taints", []) if not taint["key"].startswith("node.kubernetes.io/")
    ]
    wanted = [{key: value for key, value in taint.items() if value} for taint in node["spec"]["taints"]]
    return (
        node["metadata"]["labels"].items() <= present["metadata"]["labels"].items()
        and node["status"]["capacity"].items() <= present["status"].get("capacity", {}).items()
        and taints == wanted
    )
