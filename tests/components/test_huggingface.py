# SPDX-License-Identifier: MPL-2.0
"""What a `huggingface` model becomes, by table: the server ignores what it doesn't know, so nothing may be misspelt."""

from typing import Any

import pytest

from components.huggingface_runtime import spec as runtime
from components.serving.huggingface import predictor

from .serving.arguments import edited_args

ENGINE = "model"
PREDICTORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("generation", {}, {"runtime": "andel-huggingface", "storageUri": "hf://example/generation"}),
    (
        "generation",
        {},
        {"args": ["--backend=huggingface", "--task=text_generation", "--max_model_len=4096", "--dtype=float16"]},
    ),
    ("embedding", {}, {"runtime": "andel-huggingface-cpu"}),
    ("cached", {}, {"storageUri": "s3://bucket/embedding"}),
    ("adapted", {}, {"storageUri": None}),
    # A revision is the hub's: the server fetches weights itself, with the token of the source.
    ("text", {}, {"storageUri": None}),
]


@pytest.mark.parametrize(("model", "edits", "expected"), PREDICTORS)
def test_a_model_becomes_what_the_server_reads(model: str, edits: dict[str, Any], expected: dict[str, Any]) -> None:
    written = predictor(edited_args("huggingface", model, edits))[ENGINE]
    assert {field: written.get(field) for field in expected} == expected


def test_a_revision_makes_the_server_fetch_with_the_token_of_the_source() -> None:
    written = predictor(edited_args("huggingface", "text", {}))
    assert written["model"]["args"][:3] == [
        "--model_id=example/text",
        "--model_revision=0123456789abcdef0123456789abcdef01234567",
        "--tokenizer_revision=v1.1",
    ]
    token = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hugging-face", "key": "HF_TOKEN"}}}
    assert token in written["model"]["env"]
    assert "serviceAccountName" not in written


def test_without_a_revision_kserve_fetches() -> None:
    edits = {"serving.modelRevision": "<gone>", "serving.tokenizerRevision": "<gone>"}
    written = predictor(edited_args("huggingface", "text", edits))
    assert written["model"]["storageUri"] == "hf://example/text"
    assert written["serviceAccountName"] == "text-storage"
    assert not [one for one in written["model"]["env"] if one["name"] == "HF_TOKEN"]


def test_vllm_hears_what_it_hears_elsewhere_and_never_a_task() -> None:
    arguments = predictor(edited_args("huggingface", "text", {}))["model"]["args"]
    assert {"--backend=vllm", "--dtype=bfloat16", "--max-model-len=32768", "--tensor-parallel-size=2"} <= {*arguments}
    assert not [argument for argument in arguments if argument.startswith("--task")]


def test_a_pod_may_load_for_as_long_as_its_model_says() -> None:
    probe = predictor(edited_args("huggingface", "text", {}))["model"]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 900


def test_the_runtime_serves_the_public_name_and_writes_no_prompt() -> None:
    (container,) = runtime("registry.example.dk/server:1")["containers"]
    assert "--model_name={{.Name}}" in container["args"]
    assert "--disable_log_requests" in container["args"]
    assert container["securityContext"]["runAsNonRoot"] is True
