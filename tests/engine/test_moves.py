# SPDX-License-Identifier: MPL-2.0
"""A model moves between serving kinds: its route never leaves what stands before the new one answers."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from typing import Any

import pytest
import yaml

from config.names import SERVING
from tests.config.edits import edited
from tests.conftest import stack_document
from tests.support.waiting import until

from .laboratory import APPLY, Laboratory, stack_file

MODEL = "mistral-small"
ROUTE = f"/apis/aigateway.envoyproxy.io/v1beta1/namespaces/{SERVING}/aigatewayroutes/{MODEL}"
LLM_D = f"/apis/serving.kserve.io/v1alpha2/namespaces/{SERVING}/llminferenceservices/{MODEL}"
KSERVE = f"/apis/serving.kserve.io/v1beta1/namespaces/{SERVING}/inferenceservices/{MODEL}"
PATIENT = {
    "rollout.waitForModels": True,
    "models.e5-large": None,
    "tiers.basis.models": [MODEL],
    "tiers.plus.models": [MODEL],
}


def settings(serving: dict[str, Any]) -> str:
    """The stack dev with the one model, served as asked, whose readiness is waited for."""
    document = edited(stack_document("dev"), {**PATIENT, f"models.{MODEL}.serving": serving})
    document["models"] = {MODEL: document["models"][MODEL]}
    return yaml.safe_dump({"config": {"pulumi:disable-default-providers": ["*"], "andel:environment": document}})


@pytest.fixture(scope="module")
def lab(new_lab: Callable[..., Laboratory], tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("moves")
    stack_file(folder, "moves", settings({"kind": "llm-d", "pickerReplicas": 1}))
    laboratory = new_lab("moves", folder)
    laboratory.up()
    return laboratory


@pytest.fixture(scope="module")
def hands() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def answers(laboratory: Laboratory, path: str, *conditions: str) -> None:
    """Do what a controller does when a model's pods answer."""
    standing = laboratory.api.get(path) or {}
    since = "2026-01-01T00:00:00Z"
    told = [{"type": one, "status": "True", "lastTransitionTime": since} for one in conditions]
    body = {"apiVersion": standing["apiVersion"], "kind": standing["kind"], "status": {"conditions": told}}
    laboratory.api.apply(f"{path}/status", {**body, "metadata": {"name": MODEL}})


def backend(laboratory: Laboratory) -> str:
    """What the model's route points to."""
    route = laboratory.api.get(ROUTE)
    return str(route["spec"]["rules"][0]["backendRefs"][0]["name"]) if route else ""


Run = Future[subprocess.CompletedProcess[str]]


def begun(laboratory: Laboratory, hands: ThreadPoolExecutor, path: str) -> Run:
    """An `up` that goes on until the object at a path stands."""
    run = hands.submit(laboratory.pulumi, "up", *APPLY)
    until(lambda: run.done() or laboratory.api.get(path), 60)
    assert not run.done(), run.result().stdout + run.result().stderr
    return run


def ended(run: Run) -> None:
    ended = run.result(120)
    assert ended.returncode == 0, ended.stdout + ended.stderr


MOVES = [
    pytest.param(LLM_D, ("WorkloadsReady", "SchedulerWorkloadReady"), f"{MODEL}-inference-pool", None, id="llm-d"),
    pytest.param(KSERVE, ("Ready",), MODEL, LLM_D, id="llm-d to kserve"),
    pytest.param(
        LLM_D, ("WorkloadsReady", "SchedulerWorkloadReady"), f"{MODEL}-inference-pool", KSERVE, id="kserve to llm-d"
    ),
]


@pytest.mark.parametrize(("new", "conditions", "place", "old"), MOVES)
def test_a_route_waits_for_the_new_and_leaves_the_old_standing(
    lab: Laboratory, hands: ThreadPoolExecutor, new: str, conditions: tuple[str, ...], place: str, old: str | None
) -> None:
    """In this order: the new one is made, it answers, the route goes to it, the old one goes."""
    kind = {"kind": "llm-d", "pickerReplicas": 1} if new == LLM_D else {"kind": "kserve"}
    stack_file(lab.lab.stacks, "moves", settings(kind))
    lab.up()  # gives the engine the changed settings
    before = backend(lab)
    run = begun(lab, hands, new)
    assert backend(lab) == before  # nothing answers yet
    assert old is None or lab.api.get(old)
    *first, last = conditions
    if first:
        answers(lab, new, *first)
        assert not run.done()
        assert backend(lab) == before
    answers(lab, new, *first, last)
    ended(run)
    assert backend(lab) == place
    assert old is None or lab.api.get(old) is None


def test_the_order_of_writes_was_that(lab: Laboratory) -> None:
    """The API server's own log: with every move the route is written before the old one is deleted."""
    writes = [
        f"{event['verb']} {event['objectRef']['resource']}"
        for event in lab.writes()
        if event["objectRef"].get("name") == MODEL and event["objectRef"]["resource"] in KINDS
    ]
    assert [write for write, _ in groupby(writes)] == [  # an update may take several patches
        "patch llminferenceservices",
        "patch aigatewayroutes",
        "patch inferenceservices",
        "patch aigatewayroutes",
        "delete llminferenceservices",
        "patch llminferenceservices",
        "patch aigatewayroutes",
        "delete inferenceservices",
    ]


KINDS = {"aigatewayroutes", "llminferenceservices", "inferenceservices"}


def test_what_was_moved_goes_with_the_platform(lab: Laboratory) -> None:
    lab.destroy()
    assert [lab.api.get(path) for path in (ROUTE, LLM_D, KSERVE)] == [None, None, None]
