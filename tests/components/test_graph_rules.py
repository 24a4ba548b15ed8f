# SPDX-License-Identifier: MPL-2.0
"""Rules over every resource of every stack."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from andel.preview.graph import Registration
from andel.release.admission import judged
from components.metadata import COMMON_LABELS
from config.environment import Environment
from config.stackfile import read
from tests.conftest import ROOT

from .program import platform_graph

STACKS = [
    *(ROOT / f"Pulumi.{stack}.yaml" for stack in ("dev", "prod")),
    *(file for file in sorted(ROOT.glob("tests/environments/*.yaml")) if "managed" not in file.name),
]
"""The checkout's own stacks, and those that have every option of something."""


@pytest.fixture(params=STACKS, ids=lambda file: file.name.split(".")[1])
def environment(request: pytest.FixtureRequest) -> Environment:
    return judged(read(request.param).environment)


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> str:
    """Its name."""
    return "dev" if "[dev]" in request.node.name else "prod" if "[prod]" in request.node.name else "environments"


@pytest.fixture
def resources(environment: Environment, stack: str) -> list[Registration]:
    return platform_graph(environment, stack)


@pytest.fixture
def objects(resources: list[Registration]) -> list[Registration]:
    """Resources that are Kubernetes objects."""
    return [resource for resource in resources if resource.object]


def strings(value: Any) -> Iterator[tuple[str, str]]:
    """Every string of a manifest with the key that holds it."""
    match value:
        case dict():
            for key, item in value.items():
                if isinstance(item, str):
                    yield key, item
                yield from strings(item)
        case list():
            for item in value:
                yield from strings(item)


def test_every_resource_has_a_parent(resources: list[Registration]) -> None:
    """A resource without one stands outside the tree of components and is found by nobody."""
    assert [r.urn for r in resources if not r.parent and not r.urn.endswith("::platform")] == []


def test_every_object_names_its_provider(objects: list[Registration]) -> None:
    """The default provider writes to whatever cluster the kubeconfig happens to name."""
    assert [o.urn for o in objects if not re.search(r"::(gpu|application)::", o.provider)] == []


def test_no_provider_keeps_a_path_of_this_machine(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK takes `KUBECONFIG` for a default and writes it into the state: on another machine nothing would work."""
    monkeypatch.setenv("KUBECONFIG", "/home/somebody/kubeconfig")
    providers = [r for r in platform_graph(environment, "kubeconfig") if r.type == "pulumi:providers:kubernetes"]
    assert providers
    assert [r.inputs for r in providers if "somebody" in str(r.inputs)] == []


def test_every_object_carries_the_common_labels(objects: list[Registration]) -> None:
    unlabelled = [
        o.urn
        for o in objects
        if not o.type.endswith("NodePatch")
        and not COMMON_LABELS.items() <= o.inputs["metadata"].get("labels", {}).items()
    ]
    assert unlabelled == []


def test_nothing_stands_in_the_default_namespace(objects: list[Registration]) -> None:
    cluster_wide = {
        *("Namespace", "NodePatch", "ClusterServingRuntime", "LocalModelNodeGroup", "LocalModelCache"),
        *("ClusterIssuer", "ClusterRole", "ClusterRoleBinding"),
        *("NodePool", "Topology", "ResourceFlavor", "Cohort", "ClusterQueue", "DeviceClass"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
    homeless = [
        o.urn
        for o in objects
        if o.inputs["metadata"].get("namespace", "default") == "default" and o.type.rsplit(":")[-1] not in cluster_wide
    ]
    assert homeless == []


def test_no_object_is_written_twice(objects: list[Registration]) -> None:
    """Two resources of one object would overwrite each other on every `up`."""
    seen = Counter((o.provider, *o.object) for o in objects if o.object)
    assert [key for key, count in seen.items() if count > 1] == []


def test_names_are_fixed_so_that_a_resumed_run_doubles_nothing(objects: list[Registration]) -> None:
    """A name that Pulumi makes up is made up anew after a crash between create and checkpoint."""
    assert all(o.inputs["metadata"].get("name") for o in objects)


def test_no_logical_name_holds_stack_or_project(resources: list[Registration], stack: str) -> None:
    assert [r.name for r in resources if stack in r.name.split("-") or "test" in r.name.split("-")] == []


def test_every_image_has_a_version_and_none_is_latest(objects: list[Registration]) -> None:
    images = [value for o in objects for key, value in strings(o.inputs) if key == "image"]
    assert images
    assert [
        image
        for image in images
        if not re.search(r":v?\d|:vllm-v\d|:distroless-v\d|:[0-9a-f]{8}$", image) or ":latest" in image
    ] == []


def test_every_namespace_denies_by_default_and_is_restricted(objects: list[Registration]) -> None:
    """Pod Security and NetworkPolicy are enforced by the cluster, not by us: they must be there for each namespace.

    Those of operators are their charts': what runs in them is not ours to wall in.
    """
    ours = [o for o in objects if not o.name.startswith("operators-")]
    namespaces = [o for o in ours if o.type.endswith(":Namespace")]
    policies = [o for o in objects if o.type.endswith(":NetworkPolicy")]
    for namespace in namespaces:
        if "platform:Operators$" in namespace.urn:
            continue  # a managed operator's own: agents of nodes stand there, which *restricted* admits none of
        name = namespace.inputs["metadata"]["name"]
        assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert any(
            p.inputs["metadata"]["namespace"] == name
            and p.provider == namespace.provider
            and p.inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
            for p in policies
        ), name


def test_no_secret_reaches_the_graph(objects: list[Registration]) -> None:
    secrets = [o for o in objects if o.type.endswith(":Secret")]
    # ModelMesh wants addresses in a Secret; who may reach them is in the certificates that cert-manager puts beside.
    addresses = [o for o in secrets if o.inputs["metadata"]["name"] == "model-serving-etcd"]
    assert [o.urn for o in secrets if o not in addresses] == []
    assert [o.urn for o in addresses if "BEGIN" in str(o.inputs) or "password" in str(o.inputs)] == []


def test_every_listener_has_tls(objects: list[Registration]) -> None:
    gateways = [o for o in objects if o.inputs.get("kind") == "Gateway"]
    assert gateways
    assert all(
        listener["protocol"] == "HTTPS" for gateway in gateways for listener in gateway.inputs["spec"]["listeners"]
    )


def test_kserve_has_no_route_of_its_own(objects: list[Registration]) -> None:
    """It would lead around identity and limits on the edge, and ask pickers many times on the inner gateway."""
    services = [o for o in objects if o.inputs.get("kind") == "LLMInferenceService"]
    for service in services:
        assert service.inputs["spec"]["router"].keys() == {"scheduler"}


def test_a_pool_stands_behind_one_match(objects: list[Registration]) -> None:
    """AI Gateway 1.0 asks a pool's picker once for each match that leads to it, for every request."""
    rules = [
        rule
        for one in objects
        if one.inputs.get("kind") == "AIGatewayRoute"
        for rule in one.inputs["spec"]["rules"]
        if any(backend.get("kind") == "InferencePool" for backend in rule["backendRefs"])
    ]
    assert all(len(rule["matches"]) == 1 for rule in rules)
    pools = [rule["backendRefs"][0]["name"] for rule in rules]
    assert len(pools) == len(set(pools))
