# SPDX-License-Identifier: MPL-2.0
"""The dev platform from nothing to standing and back, with the real engine on a real API server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from andel.lab.definitions import unchecked
from andel.lab.errors import LabError
from andel.lab.lifecycle import brought_by_others
from andel.preview.graph import Registration
from andel.preview.report import report
from andel.preview.revisions import WORKING_TREE
from config.environment import Environment
from config.judge import judge
from config.stackfile import read
from tests.components.program import normalised, platform_graph
from tests.conftest import ROOT
from tests.preview.checkouts import change, repository
from tests.support.waiting import until

from .laboratory import QUIET, Laboratory, objects

NAMESPACE = "kubernetes:core/v1:Namespace"

MANAGED = ROOT / "tests/environments/Pulumi.managed.yaml"

E5_LARGE = (ROOT / "Pulumi.dev.yaml").read_text().partition("      e5-large:\n")[2].partition("    rollout:")[0]
"""The model's settings as they stand in the file."""

STACKS = sorted({*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("tests/environments/*.yaml")} - {MANAGED})
"""Every stack file but that of managed operators, whose charts are no objects of ours."""


@dataclass(frozen=True)
class Standing:
    """The platform stands; what was seen on the way."""

    laboratory: Laboratory
    before: set[str]
    announced: set[str]
    created: set[str]
    writes: int


@pytest.fixture(scope="module")
def standing(dev_lab: Laboratory) -> Iterator[Standing]:
    """Preview on the empty cluster, then up; at the end, destroy."""
    furnish(dev_lab)
    before, written = objects(dev_lab.api), len(dev_lab.writes())
    preview = dev_lab.pulumi("preview", "--json", *QUIET)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    steps = json.loads(preview.stdout)["steps"]
    assert {step["op"] for step in steps} == {"create"}
    assert dev_lab.writes()[written:] == []
    dev_lab.deploy()
    writes = len(dev_lab.writes()) - written
    yield Standing(dev_lab, before, {step["urn"] for step in steps}, stack_urns(dev_lab), writes)
    dev_lab.destroy()


def furnish(laboratory: Laboratory) -> None:
    """Namespaces that the stack doesn't make and others do, or take for existing: nothing is judged outside of one."""
    environments = [judge(read(file).environment) for file in STACKS]
    names = {name for one in environments for name in (*brought_by_others(one), *own_namespaces(one))}
    for name in names - own_namespaces(laboratory.environment):
        path = f"/api/v1/namespaces/{name}"
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        laboratory.api.apply(path, manifest)
        for own in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            until(partial(laboratory.api.get, f"{path}/{own}"))


def own_namespaces(environment: Environment) -> set[str]:
    """Names of the namespaces that a stack makes."""
    graph = platform_graph(environment)
    return {normalised(one.inputs)["metadata"]["name"] for one in graph if one.type == NAMESPACE}


def stack_urns(laboratory: Laboratory) -> set[str]:
    """URNs of the stack's state."""
    state = exported(laboratory)
    return {resource["urn"] for resource in state["deployment"].get("resources", [])}


def exported(laboratory: Laboratory) -> dict[str, Any]:
    """The stack's state."""
    from andel.lab import engine

    run = engine.pulumi(laboratory.lab, "stack", "export", "-s", laboratory.stack, capture=True)
    state: dict[str, Any] = json.loads(run.stdout)
    return state


def test_a_preview_on_the_empty_cluster_announces_exactly_what_up_creates(standing: Standing) -> None:
    """pulumi-kubernetes#3176: where definitions come with their objects, previews of others fail."""
    assert standing.announced == standing.created


def test_models_gateways_routes_quota_and_monitors_stand(standing: Standing) -> None:
    new = {address.split("/", 2)[2] for address in objects(standing.laboratory.api) - standing.before}
    for address in (
        "serving.kserve.io/v1alpha2/andel-serving/llminferenceservices/mistral-small",
        "serving.kserve.io/v1beta1/andel-serving/inferenceservices/e5-large",
        "gateway.networking.k8s.io/v1/andel-gateway/gateways/edge",
        "aigateway.envoyproxy.io/v1beta1/andel-serving/aigatewayroutes/mistral-small",
        "aigateway.envoyproxy.io/v1beta1/andel-serving/aigatewayroutes/e5-large",
        "monitoring.coreos.com/v1/andel-serving/podmonitors/mistral-small",
        "v1/andel-serving/resourcequotas/gpu-shares",
        "apps/v1/andel-gateway/deployments/authorino",
    ):
        assert any(address in one for one in new), address


def test_gpu_nodes_are_ready_and_carry_their_pool(standing: Standing) -> None:
    node = standing.laboratory.api.get("/api/v1/nodes/gpu-large-1") or {}
    assert node["metadata"]["labels"]["andel/pool"] == "large"
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "2"
    assert any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])


def test_nothing_of_ours_is_in_the_default_namespace(standing: Standing) -> None:
    new = objects(standing.laboratory.api) - standing.before
    assert [address for address in new if "/default/" in address] == []


def test_a_second_up_writes_nothing(standing: Standing) -> None:
    """Neither to the state (--expect-no-changes) nor to the API server (its own audit log)."""
    assert standing.writes >= len([urn for urn in standing.created if "$kubernetes:" in urn])
    before = len(standing.laboratory.writes())
    standing.laboratory.deploy("--expect-no-changes")
    assert len(standing.laboratory.writes()) == before


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_every_object_passes_the_api_server_strictly(standing: Standing, file: Path) -> None:
    """An unknown field would be pruned in silence; a strict dry run refuses it. Kinds without a schema are counted."""
    graph = platform_graph(judge(read(file).environment))
    manifests = [manifest(one) for one in graph if one.object and not one.type.endswith("Patch")]
    open_kinds = [m["kind"] for m in manifests if m["kind"] in unchecked()]
    for one in manifests:
        standing.laboratory.api.apply(address(one, standing.laboratory), one, dry_run=True)
    print(f"{file.name}: {len(manifests)} objects, {len(open_kinds)} unchecked: {sorted(set(open_kinds))}")  # noqa: T201
    assert len(manifests) - len(open_kinds) >= 15


def test_the_strict_dry_run_itself_refuses_an_unknown_field(standing: Standing) -> None:
    """A gate that never objected would prove nothing."""
    (one,) = [
        manifest(registration)
        for registration in platform_graph(standing.laboratory.environment)
        if registration.inputs.get("kind") == "LLMInferenceService"
    ]
    one["spec"]["replica"] = 1
    with pytest.raises(LabError, match="replica"):
        standing.laboratory.api.apply(address(one, standing.laboratory), one, dry_run=True)


def manifest(registration: Registration) -> dict[str, Any]:
    """The object that a resource of the graph becomes."""
    inputs: dict[str, Any] = normalised(registration.inputs)
    if "apiVersion" in inputs:
        return inputs
    _, group, kind = registration.type.split(":")
    return {"apiVersion": group.removeprefix("core/"), "kind": kind, **inputs}


def address(one: dict[str, Any], laboratory: Laboratory) -> str:
    """Where an object is written."""
    version = one["apiVersion"]
    base = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    resources = (laboratory.api.get(base) or {})["resources"]
    (plural,) = [r["name"] for r in resources if r["kind"] == one["kind"] and "/" not in r["name"]]
    namespace = one["metadata"].get("namespace")
    placed = f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"
    return f"{placed}/{one['metadata']['name']}"


BOTH = "models: [mistral-small, e5-large]"

VIBORG = "      viborg: {name: Viborg, tier: plus, citizens: 97000}\n"

CHANGED = {
    "Pulumi.dev.yaml": {
        "      odense: {name: Odense, tier: basis, citizens: 211000}\n": VIBORG,
        "host: api.dev.andel.example": "host: api.other.andel.example",
        "month: {tokens: 20000000}": "month: {tokens: 30000000}",
        f"outputTokens: 8192\n        {BOTH}": "outputTokens: 8192\n        models: [mistral-small]",
        f"outputTokens: 4096\n        {BOTH}": "outputTokens: 4096\n        models: [mistral-small]",
        f"      e5-large:\n{E5_LARGE}": "",
        "labels: {nvidia.com/gpu.product: GRID-A100D-20C}, count: 1": (
            "labels: {nvidia.com/gpu.product: GRID-A100D-20C}, count: 2"
        ),
    }
}
"""A change that creates, updates, replaces and deletes."""


def test_a_preview_of_two_revisions_says_what_the_engine_would_do(standing: Standing, tmp_path: Path) -> None:
    """What is computed without a cluster, against the engine's own preview of the same change on one."""
    checkout = repository(tmp_path / "checkout")
    change(checkout, CHANGED)
    (dev,) = [one for one in report(checkout, "main", WORKING_TREE, lambda _: None).stacks if one.name == "dev"]
    foretold = {one.urn: one.action for one in dev.changes}
    settings = standing.laboratory.lab.project / "Pulumi.dev.yaml"
    salt = "\n".join(line for line in settings.read_text().splitlines() if line.startswith("encryptionsalt:"))
    changed = tmp_path / "Pulumi.dev.yaml"
    changed.write_text(f"{(checkout / 'Pulumi.dev.yaml').read_text()}\n{salt}\n")
    preview = standing.laboratory.pulumi("preview", "--json", "--config-file", str(changed), *QUIET)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    steps = {step["urn"].split("::", 2)[2]: step["op"] for step in json.loads(preview.stdout)["steps"]}
    ops = {"delete-replaced": "replace", "create-replacement": "replace"}
    done = {
        urn: ops.get(op, op)
        for urn, op in steps.items()
        if op != "same" and "kubernetes:" in urn.partition("::")[0].rpartition("$")[2]
    }
    assert done == foretold
    assert set(done.values()) == {"create", "update", "replace", "delete"}


def test_destroy_leaves_nothing(standing: Standing) -> None:
    """Last in this file: what was listed before `up` is what is listed after `destroy`."""
    standing.laboratory.destroy()
    assert objects(standing.laboratory.api) == standing.before
    node = standing.laboratory.api.get("/api/v1/nodes/gpu-large-1") or {}
    assert "andel/pool" not in node["metadata"]["labels"]
