# SPDX-License-Identifier: MPL-2.0
"""Who writes the replicas of a KubeAI Model, and what becomes of a change that KubeAI refuses, on a real API server."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from andel.lab import engine
from andel.lab.definitions import unchecked
from config.names import SERVING
from tests.config.edits import edited
from tests.conftest import stack_document

from .laboratory import Laboratory, stack_file

MODEL = "e5-large"
PATH = f"/apis/kubeai.org/v1/namespaces/{SERVING}/models/{MODEL}"
LOAD = {"kind": "load", "maxReplicas": 2}
FIXED = {"kind": "fixed", "replicas": 1}
RING = {"kind": "prefix-hash", "replication": 512}


def settings(scaling: dict[str, Any], serving: dict[str, Any]) -> str:
    """The stack dev with the one model, served by KubeAI."""
    edits = {
        "profiles": {"one": {"pool": "small", "resources": {"cpu": 4, "memory": "16Gi"}}},
        f"models.{MODEL}.profile": "one",
        f"models.{MODEL}.serving": {"kind": "kubeai", **serving},
        f"models.{MODEL}.scaling": scaling,
        "rollout": {"waitForModels": False},
    }
    document = edited(stack_document("dev"), edits)
    document["models"] = {MODEL: document["models"][MODEL]}
    for section in ("gateway", "tiers", "municipalities", "monitoring"):
        del document[section]
    return yaml.safe_dump({"config": {"pulumi:disable-default-providers": ["*"], "andel:environment": document}})


@pytest.fixture(scope="module")
def lab(new_lab: Callable[..., Laboratory], tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    if "Model" in unchecked():
        pytest.skip("KubeAI's definition is not at hand: without it a Model has no replicas to scale")
    laboratory = new_lab("kubeai", tmp_path_factory.mktemp("kubeai"))
    stack_file(laboratory.lab.stacks, "kubeai", settings(LOAD, {}))
    laboratory.up()
    return laboratory


def scaled(laboratory: Laboratory, replicas: int) -> None:
    """Do what KubeAI's autoscaler does."""
    words = ["kubectl", "-n", SERVING, "scale", f"models.kubeai.org/{MODEL}", f"--replicas={replicas}"]
    subprocess.run(words, env=engine.environment(laboratory.lab), check=True, capture_output=True)


def changed(laboratory: Laboratory, scaling: dict[str, Any], serving: dict[str, Any]) -> dict[str, Any]:
    """Apply other settings; the Model that then stands."""
    stack_file(laboratory.lab.stacks, "kubeai", settings(scaling, serving))
    laboratory.up()  # gives the engine the changed settings
    laboratory.deploy()
    return laboratory.api.get(PATH) or {}


def test_replicas_have_one_owner_at_a_time_and_a_new_ring_makes_a_new_model(lab: Laboratory) -> None:
    lab.deploy()
    scaled(lab, 2)
    writes = len(lab.writes())
    lab.deploy("--expect-no-changes")
    assert len(lab.writes()) == writes

    # The number is ours from now on, though the autoscaler wrote it last.
    fixed = changed(lab, FIXED, {})
    assert (fixed["spec"]["replicas"], fixed["spec"]["autoscalingDisabled"]) == (1, True)

    again = changed(lab, LOAD, {})
    assert "autoscalingDisabled" not in again["spec"]
    assert "replicas" not in again["spec"]  # KubeAI writes it from here (applyAutoscalingReplicaBounds)
    assert again["metadata"]["uid"] == fixed["metadata"]["uid"]

    # KubeAI's definition refuses another number of places on a ring that stands.
    ring = changed(lab, LOAD, {"loadBalancing": RING})
    assert ring["spec"]["loadBalancing"]["prefixHash"]["replication"] == 512
    assert ring["metadata"]["uid"] != again["metadata"]["uid"]
    lab.destroy()
