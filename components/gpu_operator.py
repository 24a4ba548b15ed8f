# SPDX-License-Identifier: MPL-2.0
"""Values of the chart of NVIDIA's GPU Operator (v26.7.0): its one ClusterPolicy, with the layouts of all pools.

The chart renders the ClusterPolicy (`nvidia.com/v1`) itself, with the images of its version; what stands here is what
pools decide. Nodes choose a layout by label (`components/gpu_pool.py`).
"""

from collections.abc import Mapping
from typing import Any

import yaml

from config.operators import ManagedGpuOperator
from config.pools import Mig, Pool, TimeSlicing

LAYOUTS = "andel-mig"
"""ConfigMap with the MIG layouts."""

PLUGIN = "andel-device-plugin"
"""ConfigMap with settings of the device plugin."""

UNSHARED = "unshared"
"""Settings of the device plugin on nodes of no pool with time slices."""


def values(
    section: ManagedGpuOperator, pools: Mapping[str, Pool], monitored: Mapping[str, str] | None
) -> dict[str, Any]:
    """Values of the chart.

    Args:
        section: who brings the driver.
        pools: all pools, by name.
        monitored: labels by which Prometheus selects monitors; None where nothing is monitored.
    """
    monitor = {"enabled": monitored is not None, "additionalLabels": dict(monitored or {})}
    return {
        # Hooks of its own would change definitions beside us.
        "operator": {"cleanupCRD": False, "upgradeCRD": False},
        "daemonsets": {"tolerations": tolerations(pools)},
        "driver": driver(section, pools),
        "mig": {"strategy": "mixed"},
        "migManager": {"config": {"create": True, "name": LAYOUTS, "default": "all-disabled", "data": layouts(pools)}},
        "devicePlugin": {
            "config": {"create": True, "name": PLUGIN, "default": UNSHARED, "data": plugin_settings(pools)}
        },
        "dcgmExporter": {"serviceMonitor": monitor},
    }


def driver(section: ManagedGpuOperator, pools: Mapping[str, Pool]) -> dict[str, Any]:
    """The driver in containers, or none. A new version never drains nodes: models would all go at once."""
    if section.driver == "host":
        return {"enabled": False}
    licence = {"licensingConfig": {"secretName": section.license}} if section.license else {}
    return {
        "enabled": True,
        "upgradePolicy": {"autoUpgrade": True, "maxParallelUpgrades": 1, "drain": {"enable": False}},
        # GPUs that are read over the network need the peer memory module.
        "rdma": {"enabled": any(pool.cards for pool in pools.values())},
        **licence,
    }


def tolerations(pools: Mapping[str, Pool]) -> list[dict[str, str]]:
    """Every taint of a pool, beside the one that the chart tolerates itself."""
    known = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    for pool in pools.values():
        for taint in pool.taints:
            one = {"key": taint.key, "operator": "Exists", "effect": taint.effect}
            if one not in known:
                known.append(one)
    return known


def layouts(pools: Mapping[str, Pool]) -> dict[str, str]:
    """A layout for each pool that is divided by hardware (source: mig-parted, `version: v1`)."""
    divided = {
        name: [{"devices": "all", "mig-enabled": True, "mig-devices": {pool.sharing.profile: pool.sharing.per_gpu}}]
        for name, pool in pools.items()
        if isinstance(pool.sharing, Mig)
    }
    none = {"all-disabled": [{"devices": "all", "mig-enabled": False}]}
    return {"config.yaml": yaml.safe_dump({"version": "v1", "mig-configs": none | divided}, sort_keys=False)}


def plugin_settings(pools: Mapping[str, Pool]) -> dict[str, str]:
    """Settings for each pool with time slices (source: NVIDIA k8s-device-plugin, `version: v1`).

    A pod that asks for two slices would get no more than one gives it, so it is refused.
    """
    flags = {"version": "v1", "flags": {"migStrategy": "mixed"}}
    sliced = {
        name: {
            **flags,
            "sharing": {
                "timeSlicing": {
                    "renameByDefault": True,
                    "failRequestsGreaterThanOne": True,
                    "resources": [{"name": "nvidia.com/gpu", "replicas": pool.sharing.replicas}],
                }
            },
        }
        for name, pool in pools.items()
        if isinstance(pool.sharing, TimeSlicing)
    }
    return {name: yaml.safe_dump(one, sort_keys=False) for name, one in {UNSHARED: flags, **sliced}.items()}
