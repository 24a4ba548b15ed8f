# SPDX-License-Identifier: MPL-2.0
"""Random histories of the ModelMesh runtime, with llm-d's simulator (sleep mode) as every engine.

Whatever happens in whatever order (loads, unloads, calls, cancelled loads, several at once, engines that die awake or
asleep, models that don't fit): what ModelMesh was told is loaded is what is awake, once, within the budget.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from andel.lab.build import build
from andel.lab.simulator_part import SIMULATOR
from bench.modelmesh.place import Caller, Program, running
from tests.support.waiting import until

pytestmark = pytest.mark.live

CODES = grpc.StatusCode
CHAT = "/v1/chat/completions"
MODELS = ("a", "b", "c", "d", "e")
STATED = 60 * 10**6
"""Bytes that each model says it takes: more than a simulator's process, so that what is measured fits too."""

HOLDS = 3
"""Models that fit at once."""

SIM: dict[str, Any] = {
    "gpuBytes": HOLDS * STATED,
    "hostBytes": 2 * STATED + 10**6,
    "engineHostBytes": 10**6,
    "mostSleepers": 2,
    "gauge": "process",
    "healthSeconds": 0.2,
    "healthFailures": 25,
    "stopSeconds": 2,
    "drainSeconds": 1,
    "loadSeconds": 60,
}


class Place:
    """One runtime for all histories: each begins with ModelMesh's own question, which must purge it."""

    program: Program
    caller: Caller


@pytest.fixture(scope="module", autouse=True)
def place() -> Iterator[None]:
    build((SIMULATOR,))
    command = [str(SIMULATOR.folder / SIMULATOR.program), "--model={name}", "--port={port}", "--enable-sleep-mode"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        Place.program = stack.enter_context(running("runtime", {**SIM, "command": command}, folder))
        Place.caller = Caller(Place.program.settings["management"])
        stack.callback(Place.caller.channel.close)
        yield


def fields(name: str) -> dict[str, str]:
    given = {"weightsBytes": "1", "kvBytes": str(STATED - 1)}
    return {"modelId": name, "modelPath": f"/{name}", "modelKey": json.dumps({"storage_params": given})}


def engines() -> dict[str, list[psutil.Process]]:
    """Simulators that run, by their model."""
    found: dict[str, list[psutil.Process]] = {}
    for process in Place.program.below:
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words and words[0].endswith(SIMULATOR.program):
            found.setdefault(words[1].removeprefix("--model="), []).append(process)
    return found


def asleep(process: psutil.Process) -> bool:
    port = process.cmdline()[2].removeprefix("--port=")
    return bool(httpx.get(f"http://127.0.0.1:{port}/is_sleeping", timeout=10).json()["is_sleeping"])


class Histories(RuleBasedStateMachine):
    """What ModelMesh knows, against what is."""

    loaded: set[str]

    @initialize()
    def begin(self) -> None:
        until(lambda: Place.caller.ask("runtimeStatus").status == 1, 60)
        self.loaded = set()
        assert engines() == {}

    @rule(name=st.sampled_from(MODELS))
    def load(self, name: str) -> None:
        self._done(name, Place.caller.begin("loadModel", **fields(name)))

    def _done(self, name: str, call: Any) -> None:
        try:
            assert call.result().sizeInBytes > 0
            self.loaded.add(name)
        except grpc.RpcError as error:
            if error.code() is not CODES.FAILED_PRECONDITION or len(self.loaded | {name}) <= HOLDS:
                raise

    @rule(names=st.lists(st.sampled_from(MODELS), min_size=2, max_size=HOLDS, unique=True))
    def load_together(self, names: list[str]) -> None:
        if len(self.loaded | set(names)) > HOLDS:
            names = [name for name in names if name in self.loaded]
        calls = {name: Place.caller.begin("loadModel", **fields(name)) for name in names}
        for name, call in calls.items():
            self._done(name, call)

    @rule(name=st.sampled_from(MODELS))
    def unload(self, name: str) -> None:
        Place.caller.ask("unloadModel", modelId=name)
        self.loaded.discard(name)

    @rule(name=st.sampled_from(MODELS), wait=st.floats(0, 0.4))
    def cancel(self, name: str, wait: float) -> None:
        """ModelMesh gives a load up, and unloads at once."""
        call = Place.caller.begin("loadModel", **fields(name))
        time.sleep(wait)
        call.cancel()
        self.unload(name)

    @precondition(lambda self: len(self.loaded) == HOLDS)
    @rule(out=st.integers(0, HOLDS - 1), name=st.sampled_from(MODELS))
    def swap(self, out: int, name: str) -> None:
        """ModelMesh may begin a load while the room for it is being made."""
        if name in self.loaded:
            return
        leaves = sorted(self.loaded)[out]
        going = Place.caller.begin("unloadModel", modelId=leaves)
        time.sleep(0.01)
        coming = Place.caller.begin("loadModel", **fields(name))
        going.result()
        self.loaded.discard(leaves)
        self._done(name, coming)

    @rule(name=st.sampled_from(MODELS))
    def call(self, name: str) -> None:
        body = {"messages": [{"role": "user", "content": "hej"}], "max_tokens": 3}
        try:
            answer = Place.caller.call(name, CHAT, body)
        except grpc.RpcError as error:
            if error.code() is not CODES.NOT_FOUND or name in self.loaded:
                raise
        else:
            assert (answer.status, json.loads(answer.body)["model"]) == (200, name)
            assert name in self.loaded

    @rule(name=st.sampled_from(MODELS))
    def engine_dies(self, name: str) -> None:
        """An engine that was awake comes back, by itself or, if it died too often, by the next load."""
        for process in engines().get(name, []):
            process.kill()
            process.wait()
        if name not in self.loaded:
            return
        try:
            self._done(name, Place.caller.begin("loadModel", **fields(name)))
        except grpc.RpcError as error:  # this load met the death that was one too many: the next one brings it back
            if error.details() != f"the engine of {name} dies again and again":
                raise
            self._done(name, Place.caller.begin("loadModel", **fields(name)))

    @invariant()
    def what_is_loaded_is_awake_once_and_within_the_budget(self) -> None:
        if not hasattr(self, "loaded"):
            return
        running_now = engines()
        assert all(len(one) == 1 for one in running_now.values()), running_now
        awake = {name for name, (process,) in running_now.items() if not asleep(process)}
        assert awake == self.loaded
        assert len(running_now) - len(awake) <= SIM["mostSleepers"]
        assert len(self.loaded) <= HOLDS
        assert Place.program.metric("modelmesh_vllm_sleepers_host_bytes") <= SIM["hostBytes"]

    def teardown(self) -> None:
        for name in MODELS:
            Place.caller.ask("unloadModel", modelId=name)


Histories.TestCase.settings = settings(
    max_examples=int(os.environ.get("ANDEL_HISTORIES", "12")),
    stateful_step_count=15,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = pytest.mark.live(Histories.TestCase)
