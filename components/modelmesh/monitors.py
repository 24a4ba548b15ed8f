# SPDX-License-Identifier: MPL-2.0
"""PodMonitors (monitoring.coreos.com/v1) of ModelMesh, its runtimes and its front."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.monitoring import Monitoring

from ..metadata import metadata
from .front import LABEL
from .names import FRONT, METRICS_PORT, SERVICE, SHARED, STATUS_PORT


@dataclass(frozen=True, kw_only=True)
class MonitorsArgs:
    """Where they look, and how Prometheus is set up."""

    namespace: str
    monitoring: Monitoring


class Monitors(pulumi.ComponentResource):
    """A monitor of shared pods (both containers), and one of the front."""

    def __init__(self, name: str, args: MonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:Monitors", name, None, opts)
        for role, spec in monitors(args.monitoring).items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="monitoring.coreos.com/v1",
                kind="PodMonitor",
                metadata=metadata(role, args.namespace, labels=dict(args.monitoring.labels)),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def monitors(monitoring: Monitoring) -> dict[str, dict[str, Any]]:
    """Specs by name. ModelMesh signs the certificate of its metrics itself when it starts: nothing vouches for it."""
    common = {"path": "/metrics", "interval": f"{monitoring.interval_seconds}s"}
    runtime = {**common, "portNumber": STATUS_PORT}
    mesh = {**common, "portNumber": METRICS_PORT, "scheme": "https", "tlsConfig": {"insecureSkipVerify": True}}
    return {
        SERVICE: {
            "selector": {"matchLabels": {"modelmesh-service": SERVICE}},
            "podTargetLabels": [SHARED],
            "podMetricsEndpoints": [runtime, mesh],
        },
        FRONT: {"selector": {"matchLabels": {LABEL: FRONT}}, "podMetricsEndpoints": [runtime]},
    }
