# SPDX-License-Identifier: MPL-2.0
"""Nodes on demand: what Karpenter (v1.8.0) and Cluster API (v1.12.0) are asked for."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from components.gpu_pool import placement
from components.node_pool import SIZES, SYNCED, machine_deployment, node_pool, sizes
from config.nodes import ClusterApiNodes, KarpenterNodes
from config.pools import Pool

KARPENTER: dict[str, Any] = {
    "kind": "karpenter",
    "nodeClass": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "gpu"},
    "instanceTypes": ["p4d.24xlarge"],
    "most": 3,
}
MACHINES: dict[str, Any] = {
    "kind": "clusterApi",
    "namespace": "clusters",
    "cluster": "gpu",
    "version": "v1.34.2",
    "machine": {"group": "infrastructure.cluster.x-k8s.io", "kind": "OpenStackMachineTemplate", "name": "gpu"},
    "bootstrap": {"group": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfigTemplate", "name": "join"},
    "least": 1,
    "most": 4,
}


def pool(nodes: dict[str, Any], **changed: Any) -> Pool:
    document = {
        "gpu": {"product": "NVIDIA-A100-SXM4-40GB", "memory": "40Gi", "perNode": 8},
        "host": {"cpu": "95500m", "memory": "1152Gi"},
        "nodes": nodes,
    }
    return TypeAdapter(Pool).validate_python({**document, **changed})


def karpenter(**changed: Any) -> dict[str, Any]:
    section = pool({**KARPENTER, **changed}, taints=[{"key": "gpu"}, {"key": "a", "value": "b", "effect": "NoExecute"}])
    assert isinstance(section.nodes, KarpenterNodes)
    return node_pool(section.nodes, section, {"andel/pool": "bought"})


def machines(**changed: Any) -> ClusterApiNodes:
    nodes = pool({**MACHINES, **changed}).nodes
    assert isinstance(nodes, ClusterApiNodes)
    return nodes


def test_karpenter_stops_at_the_gpus_that_were_declared() -> None:
    """It counts what machines have, not nodes: a limit left out would buy until the budget is gone."""
    assert karpenter()["limits"] == {"nvidia.com/gpu": "24", "cpu": "286.500"}


@pytest.mark.parametrize(
    ("changed", "requirement"),
    [
        ({}, ("node.kubernetes.io/instance-type", ["p4d.24xlarge"])),
        ({}, ("karpenter.sh/capacity-type", ["on-demand"])),
        ({"capacityTypes": ["spot", "reserved"]}, ("karpenter.sh/capacity-type", ["spot", "reserved"])),
        ({"zones": ["a", "b"]}, ("topology.kubernetes.io/zone", ["a", "b"])),
    ],
)
def test_machines_are_chosen_by_requirements(changed: dict[str, Any], requirement: tuple[str, list[str]]) -> None:
    key, values = requirement
    spec = karpenter(**changed)["template"]["spec"]
    assert {"key": key, "operator": "In", "values": values} in spec["requirements"]


def test_no_zone_is_no_requirement() -> None:
    """An empty list would match no machine at all."""
    keys = [one["key"] for one in karpenter()["template"]["spec"]["requirements"]]
    assert "topology.kubernetes.io/zone" not in keys


@pytest.mark.parametrize(("days", "expires"), [(None, "Never"), (30, "720h")])
def test_a_node_stays_unless_renewal_was_asked_for(days: int | None, expires: str) -> None:
    """Karpenter's own default replaces every node after 30 days, models and all."""
    assert karpenter(renewalDays=days)["template"]["spec"]["expireAfter"] == expires


def test_only_empty_nodes_go() -> None:
    """`WhenEmptyOrUnderutilized`, its default, moves running replicas, which then load for minutes."""
    disruption = karpenter(emptySeconds=120)["disruption"]
    assert disruption == {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "120s"}


def test_karpenter_sets_the_taints_that_models_tolerate() -> None:
    """On nodes that it makes nobody else does."""
    assert karpenter()["template"]["spec"]["taints"] == [
        {"key": "gpu", "effect": "NoSchedule"},
        {"key": "a", "value": "b", "effect": "NoExecute"},
    ]


@pytest.mark.parametrize(("weight", "said"), [(None, {}), (7, {"weight": 7})])
def test_a_rank_is_said_where_there_is_one(weight: int | None, said: dict[str, int]) -> None:
    assert {key: value for key, value in karpenter(weight=weight).items() if key == "weight"} == said


def test_replicas_are_the_autoscalers_where_it_may_decide() -> None:
    """Written by us, every `up` would take back what the autoscaler did."""
    nodes = machines()
    assert "replicas" not in machine_deployment(nodes, "machines")
    assert sizes(nodes) == {f"{SIZES}-min-size": "1", f"{SIZES}-max-size": "4"}


def test_replicas_are_ours_where_there_is_nothing_to_decide() -> None:
    nodes = machines(least=4)
    assert machine_deployment(nodes, "machines")["replicas"] == 4
    assert sizes(nodes) == {}


def test_pods_look_for_the_label_that_cluster_api_hands_on() -> None:
    """Of a machine's labels only some domains reach its node (source: util/labels/helpers.go)."""
    section = pool(MACHINES)
    labels = machine_deployment(machines(), "machines")["template"]["metadata"]["labels"]
    assert placement("machines", section).node_selector == {SYNCED: "machines"}
    assert labels[SYNCED] == "machines"
    assert SYNCED.split("/")[0] == "node.cluster.x-k8s.io"


def test_a_deployment_finds_its_own_machines_alone() -> None:
    spec = machine_deployment(machines(failureDomain="hall-2"), "machines")
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert spec["template"]["spec"]["failureDomain"] == "hall-2"
    assert spec["template"]["spec"]["infrastructureRef"]["kind"] == "OpenStackMachineTemplate"
    assert spec["template"]["spec"]["bootstrap"]["configRef"]["name"] == "join"


def test_pods_find_nodes_of_karpenter_by_the_pools_own_label() -> None:
    assert placement("bought", pool(KARPENTER)).node_selector == {"andel/pool": "bought"}
    assert karpenter()["template"]["metadata"]["labels"] == {"andel/pool": "bought"}
