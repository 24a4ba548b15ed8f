# SPDX-License-Identifier: MPL-2.0
"""Queues for GPUs (Kueue v0.15.0, `kueue.x-k8s.io/v1beta2`): a flavor for each pool, a ClusterQueue for each use, one
cohort of all of them, and LocalQueues where pods may wait.

What no use is guaranteed is the cohort's own quota. Cores and main memory are counted, since Kueue admits nothing that
asks for a resource it doesn't know, and not rationed: every use may take all that the pool's nodes have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import SERVING
from config.pooling import Pooling as PoolingSection
from config.pooling import Use
from config.pools import Pool
from config.scalars import amount

from .gpu_pool import placement
from .metadata import metadata

API = "kueue.x-k8s.io/v1beta2"

HOST = "kubernetes.io/hostname"
"""Label of every node: the lowest level of a topology."""

TAKES_BACK = {"any": "Any", "lower-priority": "LowerPriority", "never": "Never"}

OWN_ORDER = {"priority": "LowerPriority", "first-come": "Never"}


@dataclass(frozen=True, kw_only=True)
class PoolingArgs:
    """Who may use what."""

    pooling: PoolingSection
    """The environment's section."""

    pools: Mapping[str, Pool]
    """All pools, by name."""


class Pooling(pulumi.ComponentResource):
    """Topologies and flavors, the cohort, and a queue for each use."""

    def __init__(self, name: str, args: PoolingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:Pooling", name, None, opts)
        self._name = name
        pooling, pools = args.pooling, args.pools
        racks = [self._make("Topology", one, levels(label)) for one, label in topologies(pools).items()]
        flavors = [self._make("ResourceFlavor", key, flavor(key, pool), racks) for key, pool in pools.items()]
        cohort = self._make("Cohort", pooling.cohort, cohort_spec(pooling, pools), flavors)
        for key, use in pooling.uses.items():
            queue = self._make("ClusterQueue", key, cluster_queue(pooling.cohort, use, pools), [cohort])
            for namespace in use.namespaces:
                self._make("LocalQueue", key, {"clusterQueue": key}, [queue], namespace)
        self.register_outputs({"queues": list(pooling.uses)})

    def _make(
        self,
        kind: str,
        key: str,
        spec: Mapping[str, Any],
        after: list[pulumi.Resource] | None = None,
        namespace: str | None = None,
    ) -> pulumi.Resource:
        role = f"{kind.lower()}-{key}" if namespace is None else f"{kind.lower()}-{namespace}-{key}"
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-{role}",
            api_version=API,
            kind=kind,
            metadata=metadata(key, namespace),
            spec=dict(spec),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after or []),
        )


def own_namespaces(pooling: PoolingSection) -> list[str]:
    """Namespaces of uses that nothing else makes."""
    return sorted({namespace for use in pooling.uses.values() for namespace in use.namespaces} - {SERVING})


def topologies(pools: Mapping[str, Pool]) -> dict[str, str]:
    """Labels of racks, by the name of their topology."""
    return {topology(pool.topology): pool.topology for pool in pools.values() if pool.topology}


def topology(label: str) -> str:
    """Name of the topology of a label."""
    return label.lower().replace("/", "-").replace("_", "-").replace(".", "-")


def levels(label: str) -> dict[str, Any]:
    """Racks, and nodes below them."""
    return {"levels": [{"nodeLabel": label}, {"nodeLabel": HOST}]}


def flavor(name: str, pool: Pool) -> dict[str, Any]:
    """Nodes of a pool. Pods that are admitted to it get its labels and tolerations."""
    place = placement(name, pool)
    racks = {"topologyName": topology(pool.topology)} if pool.topology else {}
    tolerations = {"tolerations": place.tolerations} if place.tolerations else {}
    return {"nodeLabels": place.node_selector, **tolerations, **racks}


def cohort_spec(pooling: PoolingSection, pools: Mapping[str, Pool]) -> dict[str, Any]:
    """What belongs to all uses: shares of pools that no use is guaranteed."""
    common = {name: pool.shares - pooling.guaranteed(name) for name, pool in pools.items()}
    groups = []
    for resource in dict.fromkeys(pool.resource for pool in pools.values()):
        flavors = [
            {"name": name, "resources": [{"name": resource, "nominalQuota": str(common[name])}]}
            for name, pool in pools.items()
            if pool.resource == resource and common[name]
        ]
        if flavors:
            groups.append({"coveredResources": [resource], "flavors": flavors})
    return {"resourceGroups": groups} if groups else {}


def cluster_queue(cohort: str, use: Use, pools: Mapping[str, Pool]) -> dict[str, Any]:
    """The queue of a use."""
    covered = resources(use, pools)
    return {
        "cohortName": cohort,
        "namespaceSelector": {
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(use.namespaces)},
            ]
        },
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": [
            {
                "coveredResources": covered,
                "flavors": [
                    {"name": name, "resources": [quota(one, name, use, pools[name]) for one in covered]}
                    for name in use.pools
                ],
            }
        ],
        "preemption": {
            "reclaimWithinCohort": TAKES_BACK[use.takes_back],
            "withinClusterQueue": OWN_ORDER[use.own_order],
        },
        # Its own GPUs before somebody else's: only where none is free is one of another pool tried.
        "flavorFungibility": {"whenCanBorrow": "MayStopSearch", "whenCanPreempt": "TryNextFlavor"},
        "fairSharing": {"weight": str(use.weight)},
        "stopPolicy": "Hold" if use.stopped else "None",
    }


def resources(use: Use, pools: Mapping[str, Pool]) -> list[str]:
    """Everything that a pod on these pools may ask for. All of it comes from one flavor, so it is one group."""
    known = ["cpu", "memory"]
    for name in use.pools:
        known += [pools[name].resource, *pools[name].cards]
    return list(dict.fromkeys(known))


def quota(resource: str, name: str, use: Use, pool: Pool) -> dict[str, str]:
    """Quota of a resource of a pool: shares as they were staked, the rest as the nodes have it."""
    if resource != pool.resource:
        return {"name": resource, "nominalQuota": on_all_nodes(resource, pool)}
    stake = use.pools[name]
    limits = {"lendingLimit": stake.lends, "borrowingLimit": stake.borrows}
    return {
        "name": resource,
        "nominalQuota": str(stake.guaranteed),
        **{key: str(limit) for key, limit in limits.items() if limit is not None},
    }


def on_all_nodes(resource: str, pool: Pool) -> str:
    """What the nodes of a pool have of a resource that is not rationed, together; 0 of what they lack."""
    match resource:
        case "cpu":
            return f"{amount(pool.host.cpu) * pool.nodes.count:f}"
        case "memory":
            return f"{int(amount(pool.host.memory) * pool.nodes.count)}"
        case _:
            return str(pool.cards.get(resource, 0) * pool.nodes.count)
