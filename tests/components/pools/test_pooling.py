# SPDX-License-Identifier: MPL-2.0
"""What pooling becomes in Kueue's words (v0.15.0, `kueue.x-k8s.io/v1beta2`)."""

from typing import Any

import pytest

from components.pooling import cluster_queue, cohort_spec, flavor, topologies
from config.environment import Environment
from config.judge import judge
from config.pooling import queue_of
from tests.config.edits import edited, environment_of
from tests.conftest import stack_document

POOLS = environment_of("tests/environments/Pulumi.pools.yaml")


def environment(**edits: Any) -> Environment:
    return judge(edited(POOLS, edits))


def queue(use: str, **edits: Any) -> dict[str, Any]:
    one = environment(**edits)
    assert one.pooling is not None
    return cluster_queue(one.pooling.cohort, one.pooling.uses[use], one.pools)


def quotas(use: str) -> dict[tuple[str, str], dict[str, str]]:
    """Quotas of a use by flavor and resource."""
    (group,) = queue(use)["resourceGroups"]
    return {(flavor["name"], one["name"]): one for flavor in group["flavors"] for one in flavor["resources"]}


def test_stakes_are_quotas_of_the_pools_shares() -> None:
    found = quotas("serving")
    assert found["whole", "nvidia.com/gpu"] == {
        "name": "nvidia.com/gpu",
        "nominalQuota": "5",
        "lendingLimit": "3",
        "borrowingLimit": "1",
    }
    assert found["divided", "nvidia.com/mig-1g.10gb"] == {"name": "nvidia.com/mig-1g.10gb", "nominalQuota": "5"}


def test_a_resource_that_a_pools_nodes_lack_has_no_quota_there() -> None:
    """Every flavor of a group must say something of every resource."""
    found = quotas("serving")
    assert found["divided", "nvidia.com/gpu"]["nominalQuota"] == "0"
    assert found["divided", "rdma/roce_gdr"]["nominalQuota"] == "0"
    assert found["whole", "nvidia.com/mig-1g.10gb"]["nominalQuota"] == "0"


def test_cores_memory_and_cards_are_counted_and_not_rationed() -> None:
    """Kueue never admits a pod that asks for what its queue doesn't cover."""
    found = quotas("serving")
    assert found["whole", "cpu"]["nominalQuota"] == "128"
    assert found["whole", "memory"]["nominalQuota"] == str(2 * 512 * 2**30)
    assert found["whole", "rdma/roce_gdr"]["nominalQuota"] == "8"


def test_what_nobody_is_guaranteed_belongs_to_the_cohort() -> None:
    """Together nobody gets more than there is: guarantees and the rest are the pool."""
    one = environment()
    assert one.pooling is not None
    common = {
        flavor["name"]: flavor["resources"]
        for group in cohort_spec(one.pooling, one.pools)["resourceGroups"]
        for flavor in group["flavors"]
    }
    assert {name: resources[0]["nominalQuota"] for name, resources in common.items()} == {
        "whole": "2",
        "divided": "2",
        "bought": "15",
        "machines": "4",
    }
    for name, pool in one.pools.items():
        assert one.pooling.guaranteed(name) + int(common[name][0]["nominalQuota"]) == pool.shares


def test_a_pool_that_is_guaranteed_whole_leaves_nothing_in_common() -> None:
    pooling = {
        "uses": {
            "serving": {"pools": {name: {"guaranteed": shares} for name, shares in {"large": 2, "small": 2}.items()}}
        }
    }
    one = judge(edited(stack_document("dev"), {"pooling": pooling}))
    assert one.pooling is not None
    assert cohort_spec(one.pooling, one.pools) == {}


@pytest.mark.parametrize(
    ("use", "path", "value"),
    [
        ("serving", ("preemption", "reclaimWithinCohort"), "Any"),
        ("serving", ("preemption", "withinClusterQueue"), "Never"),
        ("batch", ("preemption", "reclaimWithinCohort"), "LowerPriority"),
        ("batch", ("preemption", "withinClusterQueue"), "LowerPriority"),
        ("serving", ("fairSharing", "weight"), "4"),
        ("batch", ("fairSharing", "weight"), "2"),
        ("serving", ("stopPolicy",), "None"),
        ("batch", ("stopPolicy",), "Hold"),
        ("batch", ("cohortName",), "commons"),
    ],
)
def test_a_use_says_who_gives_way(use: str, path: tuple[str, ...], value: str) -> None:
    found: Any = queue(use)
    for part in path:
        found = found[part]
    assert found == value


def test_only_namespaces_of_a_use_may_wait_in_it() -> None:
    """A selector that is left out admits nobody, an empty one everybody."""
    assert queue("batch")["namespaceSelector"]["matchExpressions"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["batch"]}
    ]


def test_a_flavor_is_the_place_that_models_name_themselves() -> None:
    """Kueue compares a pod's node selector with the flavor's labels: another word for the same nodes would not fit."""
    one = environment()
    assert flavor("whole", one.pools["whole"]) == {
        "nodeLabels": {"andel/pool": "whole"},
        "tolerations": [{"key": "gpu", "effect": "NoExecute", "operator": "Equal", "value": "large"}],
        "topologyName": "example-dk-rack",
    }
    assert flavor("divided", one.pools["divided"]) == {
        "nodeLabels": {"example.dk/pool": "divided", "nvidia.com/mig.config": "divided"}
    }
    assert topologies(one.pools) == {"example-dk-rack": "example.dk/rack"}


def test_models_with_gpus_wait_in_the_queue_of_models() -> None:
    """A GPU workload without the label would take GPUs past all queues."""
    one = environment()
    assert queue_of(one.pooling, one.models["chat"]) == "serving"
    assert queue_of(one.pooling, one.models["reranker"]) == "spare"
    assert queue_of(None, one.models["chat"]) is None
    assert queue_of(one.pooling, one.models["chat"].model_copy(update={"gpus": 0})) is None
