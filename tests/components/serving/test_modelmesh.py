# SPDX-License-Identifier: MPL-2.0
"""What models that share pods become: bytes, command lines, Predictors, and what their runtime is told."""

import json
from typing import Any

import pytest
from modelmesh_vllm.model import read as understood
from modelmesh_vllm.settings import FrontSettings, RuntimeSettings

from andel.preview.graph import Registration
from andel.release import release
from andel.release.vllm import table
from components.modelmesh.controller import image
from components.modelmesh.template import TEMPLATE
from config.judge import judge
from config.names import SERVING
from tests.components.program import platform_graph
from tests.config.edits import environment_of

ENVIRONMENT = judge(environment_of("tests/environments/Pulumi.modelmesh.yaml"))


@pytest.fixture(scope="module")
def graph() -> list[Registration]:
    return platform_graph(ENVIRONMENT)


def named(graph: list[Registration], kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        one.inputs
        for one in graph
        if one.object
        and one.inputs.get("kind", one.type.rpartition(":")[2]) == kind
        and one.inputs["metadata"]["name"] == name
        and one.inputs["metadata"]["namespace"] == SERVING
    ]
    return dict(found)


def told(graph: list[Registration], profile: str) -> RuntimeSettings:
    return RuntimeSettings.model_validate_json(named(graph, "ConfigMap", f"andel-{profile}")["data"]["settings.json"])


PREDICTORS = ("text", "embedding", "adapted", "building-permits", "social-services", "large")


def test_what_a_runtime_may_fill_is_what_sleepers_and_bases_leave(graph: list[Registration]) -> None:
    shared, doubled = told(graph, "shared"), told(graph, "doubled")
    assert shared.gpu_bytes == int(80 * 2**30 * 0.92)
    assert shared.capacity == shared.gpu_bytes - 4 * 2 * 2**30
    assert shared.host_bytes == 96 * 2**30
    assert doubled.capacity == doubled.gpu_bytes - doubled.bases["adapted"].gpu_bytes
    assert doubled.most_sleepers == 0
    assert shared.default_bytes * 100 < 5 * shared.capacity  # or ModelMesh takes a pod for full


@pytest.mark.parametrize("name", PREDICTORS)
def test_the_runtime_understands_every_predictor_and_it_fits(graph: list[Registration], name: str) -> None:
    spec = named(graph, "Predictor", name)["spec"]
    settings = told(graph, spec["runtime"]["name"].removeprefix("andel-"))
    key = json.dumps({"model_type": spec["modelType"], "storage_params": spec["storage"]["parameters"]})
    model = understood(f"{name}__ksp-0", spec["storage"]["path"], key, settings)
    assert model.name == name
    assert model.expected_bytes <= settings.capacity


def test_a_stopped_model_has_no_predictor(graph: list[Registration]) -> None:
    names = {one.inputs["metadata"]["name"] for one in graph if one.inputs.get("kind") == "Predictor"}
    assert names == set(PREDICTORS)


def test_engines_are_started_with_arguments_that_their_vllm_knows(graph: list[Registration]) -> None:
    known = {*table(release(ENVIRONMENT.release.name).vllm["vllm"]).arguments}
    lines = {
        name: json.loads(named(graph, "Predictor", name)["spec"]["storage"]["parameters"].get("arguments", "[]"))
        for name in PREDICTORS
    }
    lines["adapted"] = list(told(graph, "doubled").bases["adapted"].arguments)
    for name, words in lines.items():
        for word in words:
            flag = word.partition("=")[0].removeprefix("--")
            assert flag in known or flag.removeprefix("no-") in known, (name, word)
    assert "--enable-sleep-mode" in lines["text"]
    assert "--enable-sleep-mode" not in lines["embedding"]  # it is started anew
    assert "--tensor-parallel-size=2" in lines["large"]
    assert "--lora-modules" not in lines["adapted"]  # adapters come and go by themselves
    parts = [word for word in lines["text"] if word.startswith("--gpu-memory-utilization=")]
    assert len(parts) == 1
    assert 0.4 < float(parts[0].partition("=")[2]) < 0.65  # its own part, not that of all


def test_the_front_understands_its_settings(graph: list[Registration]) -> None:
    data = named(graph, "ConfigMap", "modelmesh-front")["data"]["settings.json"]
    settings = FrontSettings.model_validate_json(data)
    assert set(settings.models) == {*PREDICTORS, "resting"}
    assert settings.locate_seconds == 1800
    assert settings.limits.body_bytes == 32 * 2**20


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("docker.io/kserve/modelmesh:v0.12.0", {"name": "docker.io/kserve/modelmesh", "tag": "v0.12.0"}),
        ("r.dk:5000/m:v1@sha256:ab", {"name": "r.dk:5000/m", "digest": "sha256:ab"}),
        ("r.dk:5000/m@sha256:ab", {"name": "r.dk:5000/m", "digest": "sha256:ab"}),
    ],
)
def test_images_are_told_to_the_controller_in_parts(reference: str, parts: dict[str, str]) -> None:
    assert image(reference) == parts


def test_the_template_names_what_the_controller_looks_for() -> None:
    for needed in ("name: mm\n", "KV_STORE", "modelmesh-service: {{.ServiceName}}", "replicas: {{.Replicas}}"):
        assert needed in TEMPLATE
