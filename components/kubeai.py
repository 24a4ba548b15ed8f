# SPDX-License-Identifier: MPL-2.0
"""KubeAI's operator (chart `kubeai` 0.22.1), in the models' namespace: its manager watches its own namespace alone.

Its values name places: a resource profile for each run profile that a model asks for. Where the operator is somebody
else's, they must write the same values (`andel kubeai-values`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from andel.release.pins import Chart
from config.environment import Environment
from config.operators import Managed
from config.serving.kubeai import KubeAi
from config.serving.kubeai_rules import cache_profile

from .chart import install
from .gpu_pool import placement
from .pod_security import CONTAINER_SECURITY, POD_SECURITY
from .serving.model import requests

USER = 1000
"""User of all model pods: images of engines name root or none, and Pod Security *restricted* admits neither."""


@dataclass(frozen=True, kw_only=True)
class KubeAiArgs:
    """The release's chart and what it is told."""

    chart: Chart
    """The release's chart."""

    mirror: str | None
    """Where charts come from, if not from their makers."""

    values: Mapping[str, Any]
    """Values of the chart."""


class KubeAiOperator(pulumi.ComponentResource):
    """The chart."""

    def __init__(self, name: str, args: KubeAiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:platform:KubeAiOperator", name, None, opts)
        install(args.chart, args.mirror, args.values, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"chart": args.chart.name})


def values(environment: Environment) -> dict[str, Any]:
    """Values of the chart that the environment's models need."""
    served = [model for model in environment.models.values() if isinstance(model.serving, KubeAi)]
    caches = {cache_profile(model.serving.engine) for model in served if isinstance(model.serving, KubeAi)}
    profiles = sorted({model.profile for model in served if model.profile is not None})
    return {
        "crds": {"enabled": isinstance(environment.operators.crds, Managed)},
        "open-webui": {"enabled": False},
        "podSecurityContext": POD_SECURITY,
        "securityContext": CONTAINER_SECURITY,
        "resourceProfiles": {name: resource_profile(environment, name) for name in profiles},
        "cacheProfiles": {
            name: {"sharedFilesystem": {"storageClassName": name}} for name in sorted(filter(None, caches))
        },
        "modelServerPods": {
            "podSecurityContext": {**POD_SECURITY, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER},
            "securityContext": CONTAINER_SECURITY,
            "jsonPatches": [
                # KubeAI 0.22.1 gives Infinity's container no security context (engine_infinity.go).
                {"op": "add", "path": "/spec/containers/0/securityContext", "value": CONTAINER_SECURITY},
                {"op": "add", "path": "/spec/automountServiceAccountToken", "value": False},
            ],
        },
    }


def resource_profile(environment: Environment, name: str) -> dict[str, Any]:
    """What a pod gets for each time that it names a run profile."""
    profile = environment.profiles[name]
    place = placement(profile.pool, environment.pools[profile.pool])
    return {
        **requests(place, profile.gpus, profile.resources.cpu, profile.resources.memory),
        "nodeSelector": place.node_selector,
        "tolerations": place.tolerations,
    }
