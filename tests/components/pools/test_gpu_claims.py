# SPDX-License-Identifier: MPL-2.0
"""Classes of devices and templates of claims, out of a pool."""

import re
from typing import Any

import pytest

from components.gpu_claims import device_class, expression, template
from config.judge import judge
from config.pools import Claims, Pool
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited, environment_of

DOCUMENT = environment_of("tests/environments/Pulumi.everything.yaml")
BY_CLAIM = Claims.model_validate({"kind": "claims"})


def pool(name: str) -> Pool:
    return judge(DOCUMENT).pools[name]


def test_a_class_is_of_the_pools_product_however_it_is_spelt() -> None:
    """The driver says what NVML says, feature discovery the same with hyphens."""
    found = expression(pool("whole"), "gpu.nvidia.com")
    assert found.startswith(
        "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu' && "
    )
    pattern = re.findall(r"matches\('(.+)'\)", found)[0]
    assert re.search(pattern, "A100 SXM4-80GB")
    assert not re.search(pattern, "A100 SXM4-80GB MIG")


def test_instances_are_told_by_their_profile() -> None:
    found = expression(pool("divided"), "gpu.nvidia.com")
    assert ".type == 'mig'" in found
    assert ".profile == '1g.10gb'" in found


@pytest.mark.parametrize(("name", "resource"), [("whole", "nvidia.com/gpu"), ("divided", "nvidia.com/mig-1g.10gb")])
def test_models_go_on_asking_for_a_number(name: str, resource: str) -> None:
    """Kubernetes makes a claim of it."""
    assert device_class(pool(name), BY_CLAIM)["extendedResourceName"] == resource


def test_a_template_is_of_its_pools_class() -> None:
    (request,) = template("whole", 4)["spec"]["devices"]["requests"]
    assert request["exactly"] == {"deviceClassName": "andel-whole", "allocationMode": "ExactCount", "count": 4}


def made(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    graph = [normalised(one.inputs) for one in platform_graph(judge(document)) if one.object]
    return {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        for one in graph
        if str(one.get("apiVersion", "")).startswith("resource.k8s.io/")
    }


def test_pools_of_the_plugin_have_none() -> None:
    assert made(DOCUMENT) == {
        ("DeviceClass", "", "andel-divided"),
        ("ResourceClaimTemplate", "andel-serving", "divided-2"),
    }
    assert made(edited(DOCUMENT, {"pools.divided.handout": {"kind": "plugin"}})) == set()
