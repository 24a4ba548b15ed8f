# SPDX-License-Identifier: MPL-2.0
"""A municipality's own figures: how they are reached, and that whose they are is the edge's word alone."""

from typing import Any

import pytest

from components.edge.figures import FiguresArgs, arguments, envoy, limit, objects, template
from components.edge.headers import MUNICIPALITY
from config.contract import contract
from config.judge import judge
from config.monitoring import MemberFigures
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited, environment_of

PROMETHEUS = "http://prometheus.monitoring.svc:9090"
ARGS = FiguresArgs(
    namespace="andel-gateway",
    gateway="edge",
    section=MemberFigures(replicas=3, requests_per_minute=40),
    prometheus=PROMETHEUS,
    images={"label-proxy": "example.dk/proxy:1", "envoy": "example.dk/envoy:1"},
)
POOLS = environment_of("tests/environments/Pulumi.pools.yaml")


def test_the_label_is_the_header_that_the_edge_sets_and_a_strange_one_is_an_error() -> None:
    told = arguments(PROMETHEUS)
    assert f"--header-name={MUNICIPALITY}" in told
    assert {"--label=municipality", "--error-on-replace", f"--upstream={PROMETHEUS}"} <= set(told)
    # Whatever else could name a label: a list in the header, or a parameter of the request.
    assert not [one for one in told if "list-syntax" in one or "query-param" in one or "passthrough" in one]


def test_it_listens_to_its_own_pod_alone_and_envoy_brings_tls() -> None:
    assert "--insecure-listen-address=127.0.0.1:8080" in arguments(PROMETHEUS)
    (secured,) = [one for one in envoy()["static_resources"]["listeners"] if one["name"] == "https"]
    assert secured["filter_chains"][0]["transport_socket"]["name"] == "envoy.transport_sockets.tls"
    pod = template(ARGS)["spec"]
    assert [one["name"] for one in pod["containers"]] == ["proxy", "tls"]
    assert pod["automountServiceAccountToken"] is False


def test_its_route_is_of_who_has_a_tier() -> None:
    (rule,) = objects(ARGS)["route"][2]["rules"]
    (match,) = rule["matches"]
    assert match["path"] == {"type": "PathPrefix", "value": "/figures"}
    assert [one["name"] for one in match["headers"]] == ["x-andel-tier"]


def test_each_municipality_has_a_limit_of_its_own() -> None:
    (rule,) = limit(ARGS.section)["rateLimit"]["global"]["rules"]
    assert rule["limit"] == {"requests": 40, "unit": "Minute"}
    assert rule["clientSelectors"] == [{"headers": [{"name": MUNICIPALITY, "type": "Distinct"}]}]


def walls(document: dict[str, Any]) -> dict[str, Any]:
    graph = [normalised(one.inputs) for one in platform_graph(judge(document)) if one.object]
    return {
        one["metadata"]["name"]: one["spec"]
        for one in graph
        if one["kind"] == "NetworkPolicy" and one["metadata"]["namespace"] == "andel-gateway"
    }


@pytest.mark.parametrize(
    ("address", "port"), [(PROMETHEUS, 9090), ("http://prometheus.example", 80), ("https://prometheus.example", 443)]
)
def test_proxies_reach_it_and_it_reaches_prometheus(address: str, port: int) -> None:
    policy = walls(edited(POOLS, {"monitoring.prometheus": address}))["allow-figures"]
    assert [one["port"] for rule in policy["egress"] for one in rule["ports"]] == [port]
    assert [one["port"] for rule in policy["ingress"] for one in rule["ports"]] == [8443]


def test_without_the_section_there_is_nothing_of_it() -> None:
    bare = edited(POOLS, {"monitoring.members": "<gone>"})
    assert "allow-figures" not in walls(bare)
    assert contract(judge(bare)).figures is None
    assert contract(judge(POOLS)).figures == "https://api.pools.example/figures"
