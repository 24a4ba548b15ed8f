# SPDX-License-Identifier: MPL-2.0
"""Values of the GPU Operator's chart (v26.7.0), and the labels by which nodes choose among its layouts."""

from typing import Any

import pytest
import yaml

from andel.release import release
from components.gpu_operator import layouts, plugin_settings, values
from components.gpu_pool import GpuPoolArgs, layout
from components.operators import OperatorsArgs, all_values
from config.environment import Environment
from config.judge import judge
from config.operators import ManagedGpuOperator
from tests.config.edits import edited
from tests.conftest import stack_document

A100 = {"product": "A100-SXM4-80GB", "memory": "80Gi", "perNode": 2}


def environment(operator: dict[str, Any] | None = None, **pool: Any) -> Environment:
    """Dev with a GPU operator of its own, and a pool of named nodes besides."""
    nodes = {"kind": "named", "names": ["extra-1"]}
    extra = {"gpu": A100, "host": {"cpu": 8, "memory": "64Gi"}, "nodes": nodes, **pool}
    edits = {"operators.gpuOperator": {"kind": "managed", **(operator or {})}, "pools.extra": extra}
    return judge(edited(stack_document("dev"), edits))


def chart_values(operator: dict[str, Any] | None = None, **pool: Any) -> dict[str, Any]:
    one = environment(operator, **pool)
    section = one.operators.gpu_operator
    assert isinstance(section, ManagedGpuOperator)
    return values(section, one.pools, None)


def test_a_divided_pool_has_a_layout_of_its_name() -> None:
    """`mixed` names every profile as a resource of its own, as pods ask for it."""
    found = chart_values(sharing={"kind": "mig", "profile": "2g.20gb", "perGpu": 3})
    config = yaml.safe_load(found["migManager"]["config"]["data"]["config.yaml"])
    assert config["mig-configs"]["extra"] == [
        {"devices": "all", "mig-enabled": True, "mig-devices": {"2g.20gb": 3}},
    ]
    assert config["mig-configs"]["all-disabled"] == [{"devices": "all", "mig-enabled": False}]
    assert found["mig"]["strategy"] == "mixed"
    assert "large" not in config["mig-configs"]


def test_a_sliced_pool_has_settings_of_its_name() -> None:
    """A pod that asked for two slices would believe it had two GPUs."""
    pools = environment(sharing={"kind": "timeSlicing", "replicas": 4}).pools
    settings = {name: yaml.safe_load(text) for name, text in plugin_settings(pools).items()}
    assert settings["extra"]["sharing"]["timeSlicing"] == {
        "renameByDefault": True,
        "failRequestsGreaterThanOne": True,
        "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
    }
    assert set(settings) == {"extra", "unshared"}
    assert "sharing" not in settings["unshared"]
    assert yaml.safe_load(layouts(pools)["config.yaml"])["mig-configs"].keys() == {"all-disabled"}


SHARING: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"kind": "whole"}, {}),
    ({"kind": "mig", "profile": "1g.10gb", "perGpu": 7}, {"nvidia.com/mig.config": "extra"}),
    ({"kind": "timeSlicing", "replicas": 4}, {"nvidia.com/device-plugin.config": "extra"}),
]


@pytest.mark.parametrize(("sharing", "labels"), SHARING)
def test_nodes_choose_what_the_operator_was_told(sharing: dict[str, Any], labels: dict[str, str]) -> None:
    """The names must agree: a label without a layout leaves the GPUs as they are, and pods wait for ever."""
    pool = environment(sharing=sharing).pools["extra"]
    assert layout(GpuPoolArgs(name="extra", pool=pool, own_layouts=True)) == labels
    assert layout(GpuPoolArgs(name="extra", pool=pool)) == {}


def test_the_operators_agents_tolerate_every_taint_of_a_pool() -> None:
    """Without its agents a node has no GPU to give."""
    found = chart_values(taints=[{"key": "gpu", "value": "large", "effect": "NoExecute"}])
    assert {"key": "gpu", "operator": "Exists", "effect": "NoExecute"} in found["daemonsets"]["tolerations"]
    keys = [one["key"] for one in found["daemonsets"]["tolerations"]]
    assert keys == ["nvidia.com/gpu", "node-role.kubernetes.io/gpu", "gpu"]


def test_a_host_keeps_its_driver() -> None:
    assert chart_values()["driver"] == {"enabled": False}


def test_a_driver_in_a_container_drains_nothing_and_knows_its_licence() -> None:
    driver = chart_values({"driver": "container", "license": "vgpu"}, cards={"rdma/roce_gdr": 8})["driver"]
    assert driver["upgradePolicy"]["drain"] == {"enable": False}
    assert driver["licensingConfig"] == {"secretName": "vgpu"}
    assert driver["rdma"] == {"enabled": True}


@pytest.mark.parametrize(
    ("monitored", "monitor"),
    [
        ({"team": "platform"}, {"enabled": True, "additionalLabels": {"team": "platform"}}),
        (None, {"enabled": False, "additionalLabels": {}}),
    ],
)
def test_gpu_metrics_are_found_by_prometheus_where_there_is_one(
    monitored: dict[str, str] | None, monitor: dict[str, Any]
) -> None:
    one = environment().model_copy(update={"monitoring": None})
    if monitored is not None:
        labelled = environment().monitoring
        assert labelled is not None
        one = one.model_copy(update={"monitoring": labelled.model_copy(update={"labels": monitored})})
    args = OperatorsArgs(
        operators=one.operators,
        charts=release(one.release.name).charts,
        mirror=None,
        pools=one.pools,
        monitoring=one.monitoring,
    )
    assert all_values("gpu-operator", args)["dcgmExporter"]["serviceMonitor"] == monitor
