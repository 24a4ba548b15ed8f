# SPDX-License-Identifier: MPL-2.0
"""A PodMonitor (monitoring.coreos.com/v1): metrics of a model, or of its picker, by a label of its pods."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.monitoring import Monitoring

from .metadata import MODEL, metadata


@dataclass(frozen=True, kw_only=True)
class ModelMonitorArgs:
    """Pods of a model, where they answer, and how Prometheus is set up."""

    name: str
    """Name of the monitor."""

    namespace: str
    """Namespace of the pods."""

    model: str
    """Public name of the model."""

    port: int
    """Port on which they answer `/metrics`."""

    monitoring: Monitoring
    """The environment's section."""

    label: str = MODEL
    """Label that they carry, whose value is the model's name."""


class ModelMonitor(pulumi.ComponentResource):
    """A PodMonitor."""

    def __init__(self, name: str, args: ModelMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:monitoring:ModelMonitor", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata=metadata(args.name, args.namespace, labels={MODEL: args.model, **args.monitoring.labels}),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: ModelMonitorArgs) -> dict[str, Any]:
    """Every pod of the model, on the port where its kind answers."""
    return {
        "selector": {"matchLabels": {args.label: args.model}},
        "podTargetLabels": [args.label],
        "podMetricsEndpoints": [
            {
                "portNumber": args.port,
                "path": "/metrics",
                "interval": f"{args.monitoring.interval_seconds}s",
            }
        ],
    }
