# SPDX-License-Identifier: MPL-2.0
"""InferenceService: predictor, who writes its replicas, and where its weights come from (KServe v0.20, v1beta1)."""

import pytest

from components.serving.kserve import annotations, predictor, scaling

from .arguments import model_args


@pytest.mark.parametrize(("model", "writer"), [("adapted", "none"), ("text", "external")])
def test_replicas_have_one_owner(model: str, writer: str) -> None:
    args = model_args("kserve", model)
    assert annotations(args)["serving.kserve.io/autoscalerClass"] == writer
    assert ("minReplicas" in predictor(args)) == (writer == "none")
    assert (scaling(args) is not None) == (writer == "external")


def test_one_source_is_a_storage_uri_and_several_are_storage_uris() -> None:
    """KServe refuses both at once (validateMultipleStorageURIs)."""
    alone, adapted = predictor(model_args("kserve", "text")), predictor(model_args("kserve", "adapted"))
    assert alone["model"]["storageUri"] == "hf://example/text"
    assert "storageUris" not in alone
    assert "storageUri" not in adapted["model"]
    assert adapted["storageUris"] == [
        {"uri": "hf://example/adapted", "mountPath": "/mnt/models"},
        {"uri": "hf://example/building-permits", "mountPath": "/mnt/lora/building-permits"},
        {"uri": "hf://example/social-services", "mountPath": "/mnt/lora/social-services"},
    ]


@pytest.mark.parametrize(("model", "cores"), [("text", False), ("on-cores", True)])
def test_a_model_on_cores_has_a_runtime_of_its_own(model: str, cores: bool) -> None:
    written = predictor(model_args("kserve", model))["model"]
    assert written["runtime"].endswith("cpu") == cores
    assert ("nvidia.com/gpu" in written["resources"]["limits"]) != cores


def test_gpus_split_the_layers() -> None:
    assert "--tensor-parallel-size=2" in predictor(model_args("kserve", "text"))["model"]["args"]
    assert not [one for one in predictor(model_args("kserve", "adapted"))["model"]["args"] if "parallel" in one]


def test_what_wakes_a_sleeper_is_asked_for_only_where_it_sleeps() -> None:
    sleeper, awake = (scaling(model_args("kserve", "text", **edit)) for edit in ({}, {"scaling__minReplicas": 1}))
    assert sleeper is not None
    assert awake is not None
    assert ["pending_failure_eject" in query for query in sleeper.requests] == [False, True]
    assert ["pending_failure_eject" in query for query in awake.requests] == [False]
    assert sleeper.target == ("apps/v1", "Deployment", "text-predictor")


def test_a_stopped_model_is_scaled_by_nobody() -> None:
    assert scaling(model_args("kserve", "text", stopped=True)) is None
