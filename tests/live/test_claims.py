# SPDX-License-Identifier: MPL-2.0
"""GPUs by claim on the real API server and scheduler (1.36): our classes find a driver's devices, and models go on.

Devices are told of as NVIDIA's driver does it, in a ResourceSlice of each node: attributes `type` and `productName`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from andel.lab.api import ApiServer
from andel.lab.errors import LabError
from andel.lab.nodes import apply_nodes, fake_node, system_node
from components.gpu_claims import VERSION, class_of, device_class, template
from config.names import SERVING
from config.pools import Claims, Pool
from tests.config.edits import environment_of
from tests.live.bare import cluster
from tests.support.waiting import until

DRIVER = "gpu.nvidia.com"
NODES = {"whole-1": ("NVIDIA H100 80GB HBM3", 4), "machines-1": ("NVIDIA L40S", 2)}
"""Nodes with their product, as NVML says it, and how many GPUs they have. No device plugin tells of any."""

POOLS = environment_of("tests/environments/Pulumi.pools.yaml")["pools"]
POOL = Pool.model_validate({**POOLS["whole"], "handout": {"kind": "claims", "sizes": [1, 2]}})
PODS = f"/api/v1/namespaces/{SERVING}/pods"
CLASSES = f"/apis/{VERSION}/deviceclasses"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with cluster(tmp_path_factory.mktemp("claims") / "plane", set()) as plane:
        api = plane.api()
        plain = {"cpu": "64", "memory": "512Gi"}
        apply_nodes(api, [system_node(), *(fake_node(name, {}, plain, []) for name in NODES)])
        api.apply(
            f"/api/v1/namespaces/{SERVING}",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SERVING}},
        )
        until(lambda: api.get(f"/api/v1/namespaces/{SERVING}/serviceaccounts/default"))
        for name, (product, count) in NODES.items():
            api.apply(f"/apis/{VERSION}/resourceslices/{name}", resource_slice(name, product, count))
        assert isinstance(POOL.handout, Claims)
        api.apply(f"{CLASSES}/{class_of('whole')}", device_class_object(device_class(POOL, POOL.handout)))
        for size in POOL.handout.sizes:
            path = f"/apis/{VERSION}/namespaces/{SERVING}/resourceclaimtemplates/whole-{size}"
            body = {"apiVersion": VERSION, "kind": "ResourceClaimTemplate", "metadata": {"name": f"whole-{size}"}}
            api.apply(path, {**body, "spec": template("whole", size)})
        yield api


def device_class_object(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": "DeviceClass", "metadata": {"name": class_of("whole")}, "spec": spec}


def resource_slice(node: str, product: str, count: int) -> dict[str, Any]:
    attributes = {"type": {"string": "gpu"}, "productName": {"string": product}}
    devices = [{"name": f"gpu-{index}", "attributes": attributes} for index in range(count)]
    spec = {
        "driver": DRIVER,
        "nodeName": node,
        "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
        "devices": devices,
    }
    return {"apiVersion": VERSION, "kind": "ResourceSlice", "metadata": {"name": node}, "spec": spec}


@pytest.fixture
def run(api: ApiServer) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Make a pod; it goes after the test."""
    names: list[str] = []

    def make(name: str, spec: dict[str, Any]) -> None:
        names.append(name)
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        api.apply(f"{PODS}/{name}", {**body, "spec": {"terminationGracePeriodSeconds": 0, **spec}})

    yield make
    for name in names:
        api.delete(f"{PODS}/{name}")
    until(lambda: not api.items(PODS), 60)


def claiming(size: int) -> dict[str, Any]:
    """A pod that claims by a template."""
    return {
        "resourceClaims": [{"name": "gpus", "resourceClaimTemplateName": f"whole-{size}"}],
        "containers": [{"name": "main", "image": "example.dk/job:1", "resources": {"claims": [{"name": "gpus"}]}}],
    }


def asking(count: int) -> dict[str, Any]:
    """A pod that asks for a number, as models do."""
    limits = {"limits": {POOL.resource: str(count)}}
    return {"containers": [{"name": "main", "image": "example.dk/vllm:1", "resources": limits}]}


def node_of(api: ApiServer, name: str) -> str | None:
    found: str | None = (api.get(f"{PODS}/{name}") or {})["spec"].get("nodeName")
    return found


def allocated(api: ApiServer) -> list[str]:
    """Devices that are given away."""
    claims = api.items(f"/apis/{VERSION}/namespaces/{SERVING}/resourceclaims")
    return sorted(
        f"{one['pool']}/{one['device']}"
        for claim in claims
        for one in claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
    )


def test_a_claim_gets_devices_of_the_pools_product(api: ApiServer, run: Callable[..., None]) -> None:
    run("job", claiming(2))
    until(lambda: node_of(api, "job") == "whole-1")
    assert len(allocated(api)) == 2
    assert all(one.startswith("whole-1/") for one in allocated(api))


def test_claims_and_numbers_share_the_same_devices(api: ApiServer, run: Callable[..., None]) -> None:
    """Two by claim and two by number are four; the fifth waits, though another product is idle."""
    run("job", claiming(2))
    run("model", asking(2))
    until(lambda: node_of(api, "job") == node_of(api, "model") == "whole-1")
    assert len(set(allocated(api))) == 4
    run("late", claiming(1))
    until(lambda: "FailedScheduling" in reasons(api, "late"))
    assert node_of(api, "late") is None
    api.delete(f"{PODS}/job")
    until(lambda: node_of(api, "late") == "whole-1", 90)


def reasons(api: ApiServer, name: str) -> set[str]:
    path = f"/api/v1/namespaces/{SERVING}/events?fieldSelector=involvedObject.name={name}"
    return {event["reason"] for event in api.items(path)}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"selectors": [{"cel": {"expression": "device.driver ="}}]}, "Syntax error"), ({"moood": 1}, "moood")],
    ids=["expression", "field"],
)
def test_the_server_would_say_so(api: ApiServer, wrong: dict[str, Any], told: str) -> None:
    """A wrong word of ours is refused: else it proves nothing that ours was taken."""
    assert isinstance(POOL.handout, Claims)
    body = device_class_object({**device_class(POOL, POOL.handout), **wrong})
    with pytest.raises(LabError, match=told):
        api.apply(f"{CLASSES}/{class_of('whole')}", body)
