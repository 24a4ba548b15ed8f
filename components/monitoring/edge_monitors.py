# SPDX-License-Identifier: MPL-2.0
"""PodMonitors (`monitoring.coreos.com/v1`) of the gateways' proxies (Envoy Gateway v1.8.3), of what the AI Gateway
(v1.0.0) counts at the edge, and of Authorino."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.monitoring import Monitoring
from config.names import GATEWAY

from ..edge.authorino import AUTHORINO
from ..edge.workload import labels
from ..gateway import EDGE
from ..metadata import metadata
from ..proxies import OWNER, owned

PROXIES = {"app.kubernetes.io/managed-by": "envoy-gateway", f"{OWNER}-namespace": GATEWAY}
"""Labels of the proxies of our gateways (source: Envoy Gateway v1.8.3, internal/infrastructure/kubernetes/proxy)."""


@dataclass(frozen=True, kw_only=True)
class EdgeMonitorsArgs:
    """Where the edge's pods stand, and how Prometheus is set up."""

    proxy_namespace: str
    """Namespace of the proxies."""

    own_authorino: bool
    """Whether Authorino is the platform's; somebody else's has monitors of theirs."""

    monitoring: Monitoring
    """The environment's section."""


class EdgeMonitors(pulumi.ComponentResource):
    """Monitors of what requests pass before they reach a model."""

    def __init__(self, name: str, args: EdgeMonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:monitoring:EdgeMonitors", name, None, opts)
        watched = {"proxies": proxies(args), "tokens": tokens(args)}
        if args.own_authorino:
            watched["authorino"] = authorino(args.monitoring)
        for role, spec in watched.items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="monitoring.coreos.com/v1",
                kind="PodMonitor",
                metadata=metadata(f"edge-{role}", GATEWAY, labels=args.monitoring.labels),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def proxies(args: EdgeMonitorsArgs) -> dict[str, Any]:
    """Envoy answers on a port that it calls `metrics`."""
    return {
        "namespaceSelector": {"matchNames": [args.proxy_namespace]},
        "selector": {"matchLabels": PROXIES},
        "podMetricsEndpoints": [endpoint("metrics", "/stats/prometheus", args.monitoring)],
    }


def tokens(args: EdgeMonitorsArgs) -> dict[str, Any]:
    """The AI Gateway's processor beside each of the edge's proxies counts requests and tokens, by whose they are.

    The inner gateway's would count each request once more.
    """
    return {
        "namespaceSelector": {"matchNames": [args.proxy_namespace]},
        "selector": {"matchLabels": owned(EDGE, GATEWAY)},
        "podMetricsEndpoints": [endpoint("aigw-admin", "/metrics", args.monitoring)],
    }


def authorino(monitoring: Monitoring) -> dict[str, Any]:
    """Authorino tells how many it let in and how long that took."""
    return {
        "selector": {"matchLabels": labels(AUTHORINO)},
        "podMetricsEndpoints": [endpoint("metrics", "/server-metrics", monitoring)],
    }


def endpoint(port: str, path: str, monitoring: Monitoring) -> dict[str, Any]:
    """A port that is read as often as all others."""
    return {"port": port, "path": path, "interval": f"{monitoring.interval_seconds}s"}
