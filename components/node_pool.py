# SPDX-License-Identifier: MPL-2.0
"""Nodes on demand: a NodePool of Karpenter (`karpenter.sh/v1`), or a MachineDeployment of Cluster API
(`cluster.x-k8s.io/v1beta2`).

Source of the fields: definitions of sigs.k8s.io/karpenter v1.8.0 and sigs.k8s.io/cluster-api v1.12.0.
"""

from collections.abc import Mapping
from typing import Any

from config.nodes import ClusterApiNodes, KarpenterNodes
from config.pools import Pool
from config.scalars import amount

SYNCED = "node.cluster.x-k8s.io/andel-pool"
"""Label of a pool's nodes under Cluster API: of all labels of a machine, it hands on those of this domain alone."""

SIZES = "cluster.x-k8s.io/cluster-api-autoscaler-node-group"
"""Beginning of annotations that the cluster autoscaler reads: `-min-size` and `-max-size`."""


def node_pool(nodes: KarpenterNodes, pool: Pool, labels: Mapping[str, str]) -> dict[str, Any]:
    """Spec of a NodePool. Nodes go when they are empty, for no other reason: a model that moves is down for minutes.

    Args:
        nodes: what is bought.
        pool: the pool that they make.
        labels: what every node carries.
    """
    wanted = {
        "node.kubernetes.io/instance-type": nodes.instance_types,
        "karpenter.sh/capacity-type": nodes.capacity_types,
        "topology.kubernetes.io/zone": nodes.zones,
    }
    days = nodes.renewal_days
    spec = {
        "nodeClassRef": nodes.node_class.model_dump(),
        "requirements": [{"key": key, "operator": "In", "values": list(some)} for key, some in wanted.items() if some],
        "taints": [taint.model_dump(exclude={"value"} if not taint.value else None) for taint in pool.taints],
        "expireAfter": f"{24 * days}h" if days else "Never",
    }
    return {
        "template": {"metadata": {"labels": dict(labels)}, "spec": spec},
        "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": f"{nodes.empty_seconds}s"},
        "limits": limits(nodes.most, pool),
        **({"weight": nodes.weight} if nodes.weight else {}),
    }


def limits(most: int, pool: Pool) -> dict[str, str]:
    """What all nodes together may have. Karpenter counts GPUs as the machine has them, before they are divided."""
    return {"nvidia.com/gpu": str(pool.gpu.per_node * most), "cpu": f"{amount(pool.host.cpu) * most:f}"}


def machine_deployment(nodes: ClusterApiNodes, name: str) -> dict[str, Any]:
    """Spec of a MachineDeployment. Its replicas are the autoscaler's where it may decide."""
    own = {"cluster.x-k8s.io/cluster-name": nodes.cluster, SYNCED: name}
    machine = {
        "clusterName": nodes.cluster,
        "version": nodes.version,
        "infrastructureRef": template(nodes.machine),
        "bootstrap": {"configRef": template(nodes.bootstrap)},
        "deletion": {"nodeDrainTimeoutSeconds": nodes.drain_seconds},
        **({"failureDomain": nodes.failure_domain} if nodes.failure_domain else {}),
    }
    return {
        "clusterName": nodes.cluster,
        **({"replicas": nodes.least} if nodes.least == nodes.most else {}),
        "selector": {"matchLabels": own},
        # A machine more than paid for may not be had: one goes before one comes.
        "rollout": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
        "template": {"metadata": {"labels": own}, "spec": machine},
    }


def sizes(nodes: ClusterApiNodes) -> dict[str, str]:
    """Annotations for the cluster autoscaler, where it may decide."""
    if nodes.least == nodes.most:
        return {}
    return {f"{SIZES}-min-size": str(nodes.least), f"{SIZES}-max-size": str(nodes.most)}


def template(ref: Any) -> dict[str, str]:
    """Reference to a template in the same namespace."""
    return {"apiGroup": ref.group, "kind": ref.kind, "name": ref.name}
