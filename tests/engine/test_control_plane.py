# SPDX-License-Identifier: MPL-2.0
"""What the lab's API server enforces, and its nodes offer: as a cluster with GPUs would."""

import time
from typing import Any

import pytest
import urllib3

from andel.lab.api import ApiServer
from andel.lab.control_plane import PROGRAMS
from andel.lab.definitions import PATHS
from andel.lab.errors import LabError
from andel.lab.nodes import apply_nodes, fake_node
from andel.lab.processes import memory
from tests.support.waiting import until

from .laboratory import Laboratory

BUDGET = 1.2e9
"""Bytes of memory that a lab may take."""


def condition(item: dict[str, Any], kind: str) -> bool:
    """Whether a condition of an object is true."""
    conditions = item["status"].get("conditions") or []
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def test_every_definition_is_served(dev_lab: Laboratory) -> None:
    """A client that asks too early gets 404 (apiextensions.k8s.io/v1, condition Established)."""
    found = dev_lab.api.items(PATHS["CustomResourceDefinition"])
    assert len(found) > 20
    assert [item["metadata"]["name"] for item in found if not condition(item, "Established")] == []


@pytest.mark.parametrize(
    ("group", "kind", "plural"),
    [
        ("gateway.networking.k8s.io/v1", "Gateway", "gateways"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
        ("serving.kserve.io/v1alpha2", "LLMInferenceService", "llminferenceservices"),
        ("serving.kserve.io/v1beta1", "InferenceService", "inferenceservices"),
        ("aigateway.envoyproxy.io/v1beta1", "AIGatewayRoute", "aigatewayroutes"),
        ("inference.networking.k8s.io/v1", "InferencePool", "inferencepools"),
    ],
)
def test_a_misspelt_field_is_refused(dev_lab: Laboratory, group: str, kind: str, plural: str) -> None:
    """As on a cluster: by the release's own definitions, whatever else the object lacks."""
    body = {"apiVersion": group, "kind": kind, "metadata": {"name": "a"}, "spec": {"misspelt": "x"}}
    with pytest.raises(LabError, match=r"\.spec\.misspelt: field not declared in schema"):
        dev_lab.api.apply(f"/apis/{group}/namespaces/default/{plural}/a", body, dry_run=True)


def test_the_pools_nodes_are_ready_and_offer_their_gpus(dev_lab: Laboratory) -> None:
    """As NVIDIA's device plugin and GPU feature discovery would have it."""
    until(lambda: all(takes_pods(node) for node in dev_lab.api.items("/api/v1/nodes")))
    nodes = {node["metadata"]["name"]: node for node in dev_lab.api.items("/api/v1/nodes")}
    gpus = [node for node in nodes.values() if "nvidia.com/gpu" in node["status"]["allocatable"]]
    assert "system-1" in nodes
    assert len(gpus) == sum(pool.nodes.count for pool in dev_lab.environment.pools.values())
    for node in gpus:
        labels = node["metadata"]["labels"]
        assert labels["nvidia.com/gpu.count"] == node["status"]["allocatable"]["nvidia.com/gpu"]


def takes_pods(node: dict[str, Any]) -> bool:
    """Whether a node is ready, and the node lifecycle controller has seen it."""
    unready = [taint for taint in node["spec"].get("taints", []) if taint["key"].startswith("node.kubernetes.io/")]
    return condition(node, "Ready") and not unready


def deployment(name: str, gpus: int) -> dict[str, Any]:
    """A Deployment whose pods tolerate the pools' taint and ask for GPUs."""
    container = {"name": "main", "image": "none.example/none", "resources": {"limits": {"nvidia.com/gpu": gpus}}}
    tolerations = [{"key": "node-role.kubernetes.io/gpu", "operator": "Exists"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "tolerations": tolerations},
            },
        },
    }


def test_a_pod_that_fits_runs_and_one_that_does_not_waits(dev_lab: Laboratory) -> None:
    """The real scheduler counts GPUs; Pulumi's await logic needs Deployments that become Available."""
    path = "/apis/apps/v1/namespaces/default/deployments"
    try:
        for name, gpus in (("fits", 2), ("too-large", 3)):
            dev_lab.api.apply(f"{path}/{name}", deployment(name, gpus))
        until(lambda: (dev_lab.api.get(f"{path}/fits") or {})["status"].get("availableReplicas") == 1)
        assert not (dev_lab.api.get(f"{path}/too-large") or {})["status"].get("availableReplicas")
        pods = dev_lab.api.items("/api/v1/namespaces/default/pods?labelSelector=app=too-large")
        assert "Insufficient nvidia.com/gpu" in str(pods[0]["status"]["conditions"])
    finally:
        for name in ("fits", "too-large"):
            dev_lab.api.delete(f"{path}/{name}")


def test_pod_security_is_enforced(dev_lab: Laboratory) -> None:
    """The platform's namespaces are `restricted`."""
    container = {"name": "a", "image": "a", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container]}}
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}}
    dev_lab.api.apply("/api/v1/namespaces/strict", namespace)
    try:
        with pytest.raises(LabError, match="violates PodSecurity"):
            dev_lab.api.apply("/api/v1/namespaces/strict/pods/a", pod)
    finally:
        dev_lab.api.delete("/api/v1/namespaces/strict")
        until(lambda: dev_lab.api.get("/api/v1/namespaces/strict") is None)


def test_gateway_apis_own_admission_policy_is_enforced(dev_lab: Laboratory) -> None:
    """`safe-upgrades` refuses the experimental channel on top of the standard one (Gateway API 1.5)."""
    path = f"{PATHS['CustomResourceDefinition']}/gateways.gateway.networking.k8s.io"
    gateway = dev_lab.api.get(path)
    assert gateway
    annotations = {**gateway["metadata"]["annotations"], "gateway.networking.k8s.io/channel": "experimental"}
    metadata = {"name": gateway["metadata"]["name"], "annotations": annotations}
    changed = {**gateway, "metadata": metadata, "status": None}

    def refusal() -> str:
        try:
            dev_lab.api.apply(path, changed, dry_run=True)
        except LabError as error:
            return str(error)
        return ""

    until(refusal)  # a policy takes effect a moment after it is written
    assert "safe-upgrades" in refusal()


def test_a_second_up_starts_and_writes_nothing(dev_lab: Laboratory) -> None:
    """`make up` without a change takes seconds."""
    listed = [*PATHS.values(), "/api/v1/nodes"]
    before = [applied(dev_lab.api, path) for path in listed]
    began = time.monotonic()
    dev_lab.up()
    took = time.monotonic() - began
    assert [applied(dev_lab.api, path) for path in listed] == before
    assert took < 8


def applied(api: ApiServer, path: str) -> dict[str, list[str]]:
    """When the lab last wrote each object of a kind. What controllers and KWOK write counts for nothing."""
    return {
        f"{item['metadata']['name']} {item['metadata']['uid']}": [
            entry["time"] for entry in item["metadata"].get("managedFields", []) if entry["manager"] == "andel-lab"
        ]
        for item in api.items(path)
    }


def test_nodes_follow_the_environment(dev_lab: Laboratory) -> None:
    """Removed pools take their nodes away; a changed one loses labels and resources that it no longer has."""
    before = {node["metadata"]["name"]: node for node in dev_lab.api.items("/api/v1/nodes")}
    try:
        apply_nodes(dev_lab.api, [fake_node("a", {"old": "1"}, {"cpu": "1", "nvidia.com/gpu": "4"}, [])])
        apply_nodes(dev_lab.api, [fake_node("a", {"new": "1"}, {"cpu": "2", "nvidia.com/mig-1g.10gb": "7"}, [])])
        (node,) = dev_lab.api.items("/api/v1/nodes")
        assert {"old", "new"} & node["metadata"]["labels"].keys() == {"new"}
        for amounts in (node["status"]["capacity"], node["status"]["allocatable"]):
            assert amounts["cpu"] == "2"
            assert amounts["nvidia.com/mig-1g.10gb"] == "7"
            assert "nvidia.com/gpu" not in amounts
    finally:
        dev_lab.up()
    assert {node["metadata"]["name"] for node in dev_lab.api.items("/api/v1/nodes")} == before.keys()


def test_a_client_without_a_certificate_gets_nothing(dev_lab: Laboratory) -> None:
    """Everybody on the machine can reach loopback."""
    pool = urllib3.PoolManager(ca_certs=str(dev_lab.plane.certificates / "ca.crt"), retries=False)
    assert pool.request("GET", f"{dev_lab.plane.server}/api/v1/secrets").status == 401
    pool.clear()


def test_the_lab_keeps_its_memory_budget(dev_lab: Laboratory) -> None:
    """It runs beside an editor and a browser."""
    used = {name: memory(dev_lab.plane.folder / f"{name}.pid") for name in PROGRAMS}
    assert sum(used.values()) < BUDGET, used
