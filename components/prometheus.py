# SPDX-License-Identifier: MPL-2.0
"""Values of kube-prometheus-stack (88.5.3): a Prometheus with our monitors and rules, a Grafana with our boards."""

from typing import Any

from config.monitoring import Monitoring

SELECTED = ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")
"""Kinds that Prometheus selects by labels (source: the chart's values, `prometheus.prometheusSpec`)."""

CHART = "kube-prometheus-stack"


def values(monitoring: Monitoring) -> dict[str, Any]:
    """Values of the chart. With no labels of ours every monitor of the cluster is selected."""
    selector = {"matchLabels": dict(monitoring.labels)} if monitoring.labels else {}
    chosen: dict[str, Any] = {
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in SELECTED},
        **{f"{kind}Selector": selector for kind in SELECTED},
        "scrapeInterval": f"{monitoring.interval_seconds}s",
        "retention": f"{monitoring.retention_days}d",
    }
    boards = {
        "enabled": monitoring.dashboards,
        "label": "grafana_dashboard",
        "labelValue": "1",
        "searchNamespace": "ALL",
    }
    return {
        # Its own monitors and rules are selected by the same labels.
        "commonLabels": dict(monitoring.labels),
        "prometheus": {"prometheusSpec": chosen},
        "grafana": {"sidecar": {"dashboards": boards}},
    }
