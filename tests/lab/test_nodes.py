# SPDX-License-Identifier: MPL-2.0
"""Nodes that the lab makes of an environment's pools, labelled as NVIDIA's GPU feature discovery would."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from andel.lab.nodes import gpu_nodes, pool_nodes, system_node
from config.environment import Environment
from config.pools import Pool


def pool(**changed: Any) -> Pool:
    """A pool of two nodes with four A100 each."""
    document = {
        "gpu": {"product": "NVIDIA-A100-SXM4-80GB", "memory": "80Gi", "perNode": 4},
        "host": {"cpu": 64, "memory": "512Gi"},
        "nodes": {"kind": "named", "names": ["gpu-1", "gpu-2"]},
    }
    return TypeAdapter(Pool).validate_python({**document, **changed})


SHARING: list[tuple[dict[str, Any], str, int, dict[str, str]]] = [
    ({"kind": "whole"}, "nvidia.com/gpu", 4, {"nvidia.com/gpu.replicas": "1"}),
    (
        {"kind": "mig", "profile": "1g.10gb", "perGpu": 7},
        "nvidia.com/mig-1g.10gb",
        28,
        {
            "nvidia.com/mig.capable": "true",
            "nvidia.com/mig.strategy": "mixed",
            "nvidia.com/mig.config": "all-1g.10gb",
            "nvidia.com/mig-1g.10gb.count": "28",
        },
    ),
    (
        {"kind": "timeSlicing", "replicas": 3},
        "nvidia.com/gpu.shared",
        12,
        {"nvidia.com/gpu.replicas": "3", "nvidia.com/gpu.sharing-strategy": "time-slicing"},
    ),
]


@pytest.mark.parametrize(("sharing", "resource", "amount", "labels"), SHARING)
def test_a_node_offers_what_its_sharing_makes_of_its_gpus(
    sharing: dict[str, Any], resource: str, amount: int, labels: dict[str, str]
) -> None:
    """NVIDIA k8s-device-plugin: MIG strategy `mixed`, time slices renamed."""
    for node in pool_nodes("large", pool(sharing=sharing)):
        for amounts in (node["status"]["capacity"], node["status"]["allocatable"]):
            offered = {key: value for key, value in amounts.items() if key.startswith("nvidia.com/")}
            assert offered == {resource: str(amount)}
        assert labels.items() <= node["metadata"]["labels"].items()


def test_a_node_says_which_gpus_it_has() -> None:
    """GPU feature discovery counts memory in MiB."""
    (node, _) = pool_nodes("large", pool())
    labels = node["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-80GB"
    assert labels["nvidia.com/gpu.count"] == "4"
    assert labels["nvidia.com/gpu.memory"] == "81920"
    assert node["status"]["capacity"]["memory"] == "512Gi"


def test_named_nodes_keep_their_names_and_get_no_label_of_the_platform() -> None:
    """`andel/pool` is the platform's to write: a lab that wrote it would hide that it isn't."""
    nodes = list(pool_nodes("large", pool()))
    assert [node["metadata"]["name"] for node in nodes] == ["gpu-1", "gpu-2"]
    assert not [label for node in nodes for label in node["metadata"]["labels"] if label.startswith("andel/")]


def test_labelled_nodes_get_made_up_names_and_their_labels() -> None:
    """They are found by nothing else."""
    nodes = list(pool_nodes("small", pool(nodes={"kind": "labelled", "labels": {"a": "b"}, "count": 3})))
    assert [node["metadata"]["name"] for node in nodes] == ["small-1", "small-2", "small-3"]
    assert {node["metadata"]["labels"]["a"] for node in nodes} == {"b"}


def test_taints_are_those_of_the_pool() -> None:
    """Nodes have them from their owner; models tolerate them."""
    (node, _) = pool_nodes("large", pool(taints=[{"key": "gpu", "value": "yes", "effect": "NoExecute"}]))
    assert node["spec"]["taints"] == [{"key": "gpu", "value": "yes", "effect": "NoExecute"}]


def test_every_node_is_played_by_kwok_and_known_as_the_labs() -> None:
    """KWOK leaves nodes without its annotation to their kubelet; the lab removes only nodes with its label."""
    for node in (system_node(), *pool_nodes("large", pool())):
        assert node["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}
        assert node["metadata"]["labels"]["andel.lab/node"] == "true"


def test_an_environment_has_all_its_nodes_once(environment: Environment) -> None:
    """Two pools with a node of one name would be one node."""
    names = [node["metadata"]["name"] for node in (*gpu_nodes(environment), system_node())]
    assert len(names) == len(set(names)) == 1 + sum(one.nodes.count for one in environment.pools.values())


def test_the_system_node_has_no_gpu() -> None:
    """Pods that ask for none must not fill GPU nodes unseen."""
    assert not [key for key in system_node()["status"]["capacity"] if "nvidia" in key]
