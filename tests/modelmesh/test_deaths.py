# SPDX-License-Identifier: MPL-2.0
"""What becomes of engines and of the runtime when one dies, hangs or is asked to end: nothing is left behind."""

import signal
from collections.abc import Callable

import grpc
import httpx
import psutil
import pytest

from tests.support.waiting import until

from .conftest import Standing
from .test_runtime import CHAT, HEJ, answered

pytestmark = pytest.mark.live


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_an_engine_that_dies_or_hangs_is_started_anew(stand: Callable[..., Standing], sign: signal.Signals) -> None:
    standing = stand()
    standing.load("a")
    (before,) = standing.engines
    before.send_signal(sign)
    until(lambda: [one.pid for one in standing.engines] not in ([], [before.pid]), 30)
    until(lambda: _answers(standing, "a"), 30)
    assert standing.program.metric('modelmesh_vllm_engine_deaths_total{model="a"}') == 1


def _answers(standing: Standing, name: str) -> bool:
    try:
        return answered(standing, name) == name
    except grpc.RpcError as error:
        if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
            raise
        return False


def test_an_engine_that_always_dies_stays_away_until_it_is_asked_for(stand: Callable[..., Standing]) -> None:
    standing = stand()
    standing.load("a")
    for _ in range(4):
        until(lambda: standing.engines)
        pid = standing.engines[0].pid
        until(lambda: _answers(standing, "a"))
        psutil.Process(pid).kill()
        until(lambda: not psutil.pid_exists(pid))  # noqa: B023 (waited for within the round)
    until(lambda: not standing.program.below)
    standing.load("a")
    assert answered(standing, "a") == "a"


def test_a_runtime_that_is_killed_takes_its_engines_with_it(stand: Callable[..., Standing]) -> None:
    standing = stand()
    standing.load("a", "twin")
    family = standing.program.below
    assert len(family) == 3  # guard, engine, and what the engine started
    standing.program.process.kill()
    until(lambda: not [one for one in family if one.is_running() and one.status() != "zombie"])


def test_what_an_engine_leaves_behind_goes_with_it(stand: Callable[..., Standing]) -> None:
    standing = stand(defaultStrategy="restart")
    standing.load("a", "twin")
    standing.unload("a")
    assert standing.program.below == []


def test_a_runtime_that_is_asked_to_end_lets_answers_end_first(stand: Callable[..., Standing]) -> None:
    standing = stand(drainSeconds=20)
    standing.load("a", "brief")
    family = standing.program.below
    place = standing.caller.locate("a")
    headers = {"x-andel-model-id": place.model_id}
    with httpx.stream(
        "POST", place.address + CHAT, json={**HEJ, "stream": True}, headers=headers, timeout=30
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        standing.program.process.terminate()
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]"
    assert standing.program.process.wait(20) == 0
    until(lambda: not [one for one in family if one.is_running() and one.status() != "zombie"])
