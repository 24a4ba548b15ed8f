# SPDX-License-Identifier: MPL-2.0
"""Placing pods: what is certain holds for every order, which is tried here by brute force."""

import itertools
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from config.judge import judge
from config.placement import Fit, Pod, certain, place, pods_of
from config.pools import Pool
from config.stackfile import read
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document


def pool(shares: int, nodes: int, cpu: int = 64) -> Pool:
    document: dict[str, Any] = {
        "gpu": {"product": "NVIDIA-L40S", "memory": "48Gi", "perNode": shares},
        "host": {"cpu": cpu, "memory": "512Gi"},
        "nodes": {"kind": "labelled", "labels": {"a": "b"}, "count": nodes},
    }
    return TypeAdapter(Pool).validate_python(document)


def pod(shares: int, cpu: int = 1, model: str = "m") -> Pod:
    return Pod(model=model, shares=shares, cpu=Decimal(cpu), memory=Decimal(2**30))


@pytest.mark.parametrize(
    ("sizes", "shares", "nodes", "fit"),
    [
        ([1, 1, 1, 1], 2, 3, Fit.CERTAIN),
        ([1] * 6, 2, 3, Fit.CERTAIN),
        ([1] * 7, 2, 3, Fit.SHORT),
        ([2, 1, 1], 2, 2, Fit.PACKED),  # one on each node, and the pod of two waits
        ([2, 1], 2, 2, Fit.CERTAIN),
        ([4, 4, 8], 8, 2, Fit.PACKED),
        ([8, 8], 8, 2, Fit.CERTAIN),
        ([5, 5, 5], 8, 2, Fit.SHORT),
        ([], 8, 2, Fit.CERTAIN),
    ],
)
def test_a_pool_fits_surely_if_well_packed_or_not(sizes: list[int], shares: int, nodes: int, fit: Fit) -> None:
    assert place([pod(size) for size in sizes], pool(shares, nodes), nodes).fit == fit


def test_cores_close_a_node_as_gpus_do() -> None:
    """Eight GPUs are free, and no core is."""
    found = place([pod(1, cpu=16), pod(1, cpu=16), pod(1, cpu=16)], pool(8, 1, cpu=32), 1)
    assert found.fit == Fit.SHORT
    assert [len(node.pods) for node in found.nodes] == [2]
    assert len(found.homeless) == 1


def every_way(pods: list[Pod], where: Pool, nodes: int) -> bool:
    """Whether all find a place in every order and on every node that takes them."""
    states = {((where.shares_per_node,) * nodes, tuple(sorted(pod.shares for pod in pods)))}
    while states:
        free, left = states.pop()
        for index, size in enumerate(left):
            taking = [node for node, has in enumerate(free) if has >= size]
            if not taking:
                return False
            for node in taking:
                after = tuple(has - size * (at == node) for at, has in enumerate(free))
                states.add((tuple(sorted(after)), left[:index] + left[index + 1 :]))
    return True


def test_certain_is_never_wrong() -> None:
    """Small pools, all orders: what is called certain is; and it is said of many of those that are."""
    chance = random.Random(20261121)  # noqa: S311 - no secret
    said = true = 0
    for _ in range(400):
        shares, nodes = chance.choice([2, 4, 8]), chance.choice([1, 2, 3])
        pods = [pod(chance.choice([1, 1, 2, 4])) for _ in range(chance.randint(1, 6))]
        pods = [one for one in pods if one.shares <= shares]
        where = pool(shares, nodes)
        sure, really = certain(pods, where, nodes), every_way(pods, where, nodes)
        assert really or not sure, (pods, shares, nodes)
        said, true = said + sure, true + really
    assert said > 0.7 * true > 0


def test_nobody_is_placed_beyond_what_a_node_has() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    for _ in range(50):
        pods = [pod(chance.choice([0, 1, 2, 4]), cpu=chance.choice([1, 8, 16])) for _ in range(20)]
        found = place(pods, pool(4, 3, cpu=32), 3)
        for node in found.nodes:
            assert sum(one.shares for one in node.pods) <= 4
            assert sum(one.cpu for one in node.pods) <= 32
        placed = list(itertools.chain(*(node.pods for node in found.nodes), found.homeless))
        assert sorted(map(repr, placed)) == sorted(map(repr, pods))


def test_stopped_models_take_nothing_and_the_most_is_more_than_the_least() -> None:
    load = {"kind": "load", "minReplicas": 1, "maxReplicas": 2}
    edits = {
        "models.mistral-small.scaling": load,
        "monitoring": {"prometheus": "http://prometheus.monitoring.svc:9090"},
    }
    one = judge(edited(stack_document("dev"), edits))
    assert len(pods_of(one, "large")) == 1
    assert len(pods_of(one, "large", most=True)) == 2
    stopped = judge(edited(stack_document("dev"), {"models.mistral-small.stopped": True}))
    assert pods_of(stopped, "large") == []


def test_models_that_take_turns_have_the_pods_of_their_profile_and_none_of_their_own() -> None:
    mesh = judge(read(ROOT / "tests/environments/Pulumi.modelmesh.yaml").environment)
    found = Counter((pod.model, pod.shares) for pod in pods_of(mesh, "large"))
    assert found == {("shared", 1): 2, ("doubled", 2): 1}
    assert pods_of(mesh, "large", most=True) == pods_of(mesh, "large")
