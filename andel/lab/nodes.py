# SPDX-License-Identifier: MPL-2.0
"""Nodes that KWOK plays: those of the environment's own pools, and one without GPUs for everything else.

Labels are those that GPU feature discovery sets (source: NVIDIA k8s-device-plugin, docs/gpu-feature-discovery).
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from components.gpu_pool import node_selector
from config.environment import Environment
from config.nodes import NamedNodes
from config.pools import Mig, Pool, TimeSlicing
from config.scalars import gibibytes

from .api import ApiServer, fingerprint, marked
from .control_plane import FAKE_NODE
from .errors import LabError

OF_THE_LAB = {"andel.lab/node": "true"}
"""Label of nodes that the lab made and may remove."""

OF_A_KUBELET = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
"""Labels that a node's own kubelet sets; controllers of others select nodes by them."""

PLAYED_SECONDS = 60

EVER = datetime.min.replace(tzinfo=UTC)


def gpu_nodes(environment: Environment) -> list[dict[str, Any]]:
    """The nodes of all pools."""
    return [node for name, pool in environment.pools.items() for node in pool_nodes(name, pool)]


def pool_nodes(name: str, pool: Pool) -> Iterator[dict[str, Any]]:
    """The nodes of a pool: by their names, or made-up names. Those on demand all stand: the lab has nobody to ask."""
    nodes = pool.nodes
    names = nodes.names if isinstance(nodes, NamedNodes) else [f"{name}-{index}" for index in range(1, nodes.count + 1)]
    labels = discovery_labels(pool) | ({} if isinstance(nodes, NamedNodes) else node_selector(name, nodes))
    capacity = {
        "cpu": pool.host.cpu,
        "memory": pool.host.memory,
        pool.resource: str(pool.shares_per_node),
        **{card: str(count) for card, count in pool.cards.items()},
    }
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
            labels |= {
                "nvidia.com/mig.capable": "true",
                "nvidia.com/mig.strategy": "mixed",
                "nvidia.com/mig.config": f"all-{profile}",
                f"nvidia.com/mig-{profile}.count": str(pool.shares_per_node),
            }
        case TimeSlicing(replicas=replicas):
            labels |= {"nvidia.com/gpu.replicas": str(replicas), "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    return labels


def system_node() -> dict[str, Any]:
    """A node for pods without GPUs."""
    return fake_node("system-1", {}, {"cpu": "64", "memory": "256Gi"}, [])


def reserved(node: dict[str, Any]) -> dict[str, Any]:
    """A node for pods that ask for its GPUs alone: beside a real node, no other pod should seem to run on it.

    The API server lets pods tolerate a taint that is called as the resource they ask for (ExtendedResourceToleration).
    """
    taints = [*node["spec"]["taints"], *({"key": name, "value": "", "effect": "NoSchedule"} for name in gpus(node))]
    return {**node, "spec": {**node["spec"], "taints": list({one["key"]: one for one in taints}.values())}}


def gpus(node: dict[str, Any]) -> dict[str, int]:
    """What a node has besides processors and memory: GPUs, or shares of them, and cards, by their resource's name."""
    return {name: int(count) for name, count in node["status"]["capacity"].items() if "/" in name}


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
            "labels": {**OF_A_KUBELET, "kubernetes.io/hostname": name, **OF_THE_LAB, **labels},
        },
        "spec": {"taints": taints},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def apply_nodes(api: ApiServer, nodes: list[dict[str, Any]]) -> None:
    """Make the lab's nodes these: new and changed ones are written, those that are gone are removed.

    Raises:
        LabError: KWOK doesn't play a node in time.
    """
    present = {
        node["metadata"]["name"]: fingerprint(node) for node in api.items("/api/v1/nodes?labelSelector=andel.lab/node")
    }
    changed = [node for node in map(marked, nodes) if present.get(node["metadata"]["name"]) != fingerprint(node)]
    for node in changed:
        api.apply(_path(node), _without_status(node, FAKE_NODE))
    for node in changed:
        # KWOK gives a new node a capacity, once; ours comes after it. The fingerprint comes last: all is written then.
        _wait_until_played(api, node)
        api.apply(f"{_path(node)}/status", {key: node[key] for key in ("apiVersion", "kind", "status")})
        api.apply(_path(node), _without_status(node, node["metadata"]["annotations"]))
    for name in present.keys() - {node["metadata"]["name"] for node in nodes}:
        api.delete(f"/api/v1/nodes/{name}")


def _path(node: dict[str, Any]) -> str:
    return f"/api/v1/nodes/{node['metadata']['name']}"


def _without_status(node: dict[str, Any], annotations: dict[str, str]) -> dict[str, Any]:
    metadata = {**node["metadata"], "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": node["spec"]}


def _wait_until_played(api: ApiServer, node: dict[str, Any]) -> None:
    deadline = time.monotonic() + PLAYED_SECONDS
    while not ready_since(api.get(_path(node)) or {}, EVER):
        if time.monotonic() > deadline:
            raise LabError(f"KWOK doesn't play {node['metadata']['name']} after {PLAYED_SECONDS} s; see its kwok.log")
        time.sleep(0.1)


def ready_since(node: dict[str, Any], since: datetime) -> bool:
    """Whether a node has said since some time that it is ready."""
    conditions = node.get("status", {}).get("conditions") or []
    return any(
        one["type"] == "Ready" and one["status"] == "True" and datetime.fromisoformat(one["lastHeartbeatTime"]) >= since
        for one in conditions
    )
