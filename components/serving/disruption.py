# SPDX-License-Identifier: MPL-2.0
"""What may be taken away at one time when nodes are emptied: a PodDisruptionBudget (policy/v1)."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from ..metadata import metadata


@dataclass(frozen=True, kw_only=True)
class DisruptionArgs:
    """Pods of which one at a time may go."""

    name: str
    """Name of the budget."""

    namespace: str
    """Namespace of the pods."""

    pods: Mapping[str, str]
    """Labels that they carry."""


class Disruption(pulumi.ComponentResource):
    """A PodDisruptionBudget. Pods that never got ready may go at any time: they keep nobody waiting."""

    def __init__(self, name: str, args: DisruptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:Disruption", name, None, opts)
        kubernetes.policy.v1.PodDisruptionBudget(
            name,
            metadata=metadata(args.name, args.namespace),
            spec={
                "maxUnavailable": 1,
                "selector": {"matchLabels": dict(args.pods)},
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
