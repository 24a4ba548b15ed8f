# SPDX-License-Identifier: MPL-2.0
"""Values of Kueue's chart (0.15.0): its own settings (`config.kueue.x-k8s.io/v1beta2`), image and monitor."""

from typing import Any

import yaml

IMAGE = {"repository": "registry.k8s.io/kueue/kueue", "tag": "v0.15.0", "pullPolicy": "IfNotPresent"}
"""The chart in the module names a staging image; the published one names this (source: its release notes)."""


FRAMEWORKS = ["batch/job", "pod", "deployment", "statefulset", "leaderworkerset.x-k8s.io/leaderworkerset"]
"""What may wait in queues: jobs, and pods of models by whatever they are made."""


def settings(webhook_port: int = 9443, health: str = ":8081", metrics: str = ":8443") -> dict[str, Any]:
    """Kueue's settings: what has a queue's label waits, everything else is left alone.

    Idle GPUs are shared by weight among those who want them, and a queue that has more than its part gives back first.
    """
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": health},
        "metrics": {"bindAddress": metrics, "enableClusterQueueResources": True},
        "webhook": {"port": webhook_port},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "clientConnection": {"qps": 50, "burst": 100},
        "manageJobsWithoutQueueName": False,
        "integrations": {"frameworks": list(FRAMEWORKS)},
        "fairSharing": {"preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]},
    }


def values(monitored: bool) -> dict[str, Any]:
    """Values of the chart.

    Args:
        monitored: whether somebody reads its metrics.
    """
    return {
        "enablePrometheus": monitored,
        "controllerManager": {"manager": {"image": IMAGE}},
        "managerConfig": {"controllerManagerConfigYaml": yaml.safe_dump(settings(), sort_keys=False)},
    }
