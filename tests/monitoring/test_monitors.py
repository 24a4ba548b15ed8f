# SPDX-License-Identifier: MPL-2.0
"""Monitors of the edge, and values of a Prometheus that finds all of them."""

from components.monitoring.edge_monitors import EdgeMonitorsArgs, authorino, proxies
from components.prometheus import SELECTED, values
from config.monitoring import Monitoring

MONITORING = Monitoring.model_validate({"intervalSeconds": 20, "labels": {"team": "platform"}, "retentionDays": 60})


def test_proxies_are_found_in_their_own_namespace() -> None:
    """Envoy Gateway keeps them there, whatever namespace a Gateway has."""
    spec = proxies(EdgeMonitorsArgs(proxy_namespace="proxies", own_authorino=True, monitoring=MONITORING))
    assert spec["namespaceSelector"] == {"matchNames": ["proxies"]}
    assert spec["selector"]["matchLabels"]["gateway.envoyproxy.io/owning-gateway-namespace"] == "andel-gateway"
    assert spec["podMetricsEndpoints"] == [{"port": "metrics", "path": "/stats/prometheus", "interval": "20s"}]


def test_authorino_is_read_where_it_tells_of_requests() -> None:
    """`/metrics` is of its controller alone (source: Authorino v0.27.0, docs/user-guides/observability.md)."""
    assert authorino(MONITORING)["podMetricsEndpoints"][0]["path"] == "/server-metrics"


def test_a_managed_prometheus_selects_by_the_labels_that_monitors_carry() -> None:
    """The chart's own default selects what carries the chart's release name, which nothing of ours does."""
    spec = values(MONITORING)["prometheus"]["prometheusSpec"]
    for kind in SELECTED:
        assert spec[f"{kind}SelectorNilUsesHelmValues"] is False
        assert spec[f"{kind}Selector"] == {"matchLabels": {"team": "platform"}}
    assert spec["retention"] == "60d"


def test_without_labels_every_monitor_is_selected() -> None:
    spec = values(Monitoring())["prometheus"]["prometheusSpec"]
    assert all(spec[f"{kind}Selector"] == {} for kind in SELECTED)
