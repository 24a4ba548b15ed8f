# SPDX-License-Identifier: MPL-2.0
"""A PodMonitor for each model (monitoring.coreos.com/v1): vLLM's own metrics, by the label that all its pods carry."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.monitoring import Monitoring

from .metadata import MODEL, metadata
from .serving.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class ModelMonitorArgs:
    """A model, where its pods answer, and how Prometheus is set up."""

    model: str
    """Its public name."""

    endpoint: Endpoint
    """Where its serving kind put it."""

    monitoring: Monitoring
    """The environment's section."""


class ModelMonitor(pulumi.ComponentResource):
    """A PodMonitor."""

    def __init__(self, name: str, args: ModelMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:monitoring:ModelMonitor", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata=metadata(
                args.model, args.endpoint.namespace, labels={MODEL: args.model, **args.monitoring.labels}
            ),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: ModelMonitorArgs) -> dict[str, Any]:
    """Every pod of the model, on the port where its kind answers."""
    return {
        "selector": {"matchLabels": {MODEL: args.model}},
        "podTargetLabels": [MODEL],
        "podMetricsEndpoints": [
            {
                "portNumber": args.endpoint.metrics_port,
                "path": "/metrics",
                "interval": f"{args.monitoring.interval_seconds}s",
            }
        ],
    }
