# SPDX-License-Identifier: MPL-2.0
"""Three tiny models on the real vLLM, and room for one: calls in random order through the front are all answered.

Runtime and front run in vLLM's own environment, on its libraries. On machines without CUDA an engine that makes room
ends, and its memory with it.
"""

import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.modelmesh.place import Caller, Program, running
from tests.modelmesh.conftest import key
from tests.modelmesh.test_front import meshed

from .vllm_environment import interpreter, surroundings

pytestmark = pytest.mark.live

MODELS = {"first": "chat", "second": "chat", "third": "embedding"}
MEMORY = 7 * 10**9
"""Bytes of main memory that engines may hold together: one takes 3 GB and more, two take 6."""

SAID = 39 * 10**8
"""Bytes of KV cache that each says it has, which are the least that it counts for: no two of them fit."""

ARGUMENTS = {
    "chat": ["--dtype=bfloat16"],
    "embedding": ["--runner=pooling", "--convert=embed", "--dtype=float32"],
}


class Served:
    """Runtime and front, with their client."""

    def __init__(self, runtime: Program, front: Program, mesh: Any) -> None:
        self.runtime, self.front, self.mesh = runtime, front, mesh
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{front.settings['port']}", timeout=240)

    def ask(self, name: str, stream: bool) -> None:
        """Ask a model what it is for, and check what it says."""
        if MODELS[name] == "embedding":
            answer = self.http.post("/v1/embeddings", json={"model": name, "input": "hej"})
            assert answer.status_code == 200, answer.text
            assert (answer.json()["model"], len(answer.json()["data"][0]["embedding"])) == (name, 128)
            return
        body = {"model": name, "messages": [{"role": "user", "content": "hej"}], "max_tokens": 8, "stream": stream}
        answer = self.http.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        if not stream:
            assert (answer.json()["model"], answer.json()["usage"]["completion_tokens"]) == (name, 8)
            return
        lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
        assert lines[-1] == "[DONE]"
        events = [json.loads(line) for line in lines[:-1]]
        assert {event["model"] for event in events} == {name}
        assert len(events) > 4  # parts, not one piece

    def memory(self) -> int:
        """Bytes that engines hold."""
        return sum(one.memory_info().rss for one in self.runtime.below)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    python, folder = interpreter(), tmp_path_factory.mktemp("modelmesh-vllm")
    for name, task in MODELS.items():
        maker = [str(python), str(Path(__file__).with_name("tiny_models.py")), task, str(folder / name)]
        subprocess.run(maker, check=True, capture_output=True)
    settings = {
        "gpuBytes": MEMORY,
        "gauge": "process",
        "defaultStrategy": "restart",
        "mostSleepers": 0,
        "command": [
            *(str(python.parent / "vllm"), "serve", "{path}", "--host=127.0.0.1", "--port={port}"),
            *("--served-model-name={name}", "--enforce-eager", "--max-model-len=1024"),
        ],
        "environment": surroundings({"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CACHE_ROOT": str(folder / "cache")}),
        "loadSeconds": 240,
        "stopSeconds": 30,
    }
    with ExitStack() as stack:
        runtime = stack.enter_context(running("runtime", settings, folder, (str(python),)))
        keys = {
            name: {"path": str(folder / name), "key": key(weightsBytes=10**8, kvBytes=SAID, arguments=ARGUMENTS[task])}
            for name, task in MODELS.items()
        }
        address, mesh = stack.enter_context(meshed(runtime.settings["management"], keys))
        front = stack.enter_context(running("front", {"modelmesh": address}, folder, (str(python),)))
        made = Served(runtime, front, mesh)
        stack.enter_context(made.http)
        yield made


def test_calls_to_more_models_than_fit_are_all_answered(served: Served) -> None:
    order = random.Random(7).sample([*MODELS], 3)  # noqa: S311 (the same each time)
    order.append(order[0])
    for index, name in enumerate(order):
        served.ask(name, stream=index % 2 == 0)
        served.ask(name, stream=index % 2 == 1)
        assert served.memory() < MEMORY
    assert served.mesh.evictions == sum(one != other for one, other in pairwise(order))
    loads = served.runtime.metric('modelmesh_vllm_loads_total{how="cold",result="loaded"}')
    assert loads == served.mesh.evictions + 1
    # Its own end, and that nothing is left of it, is what leaving the fixture checks.


def test_memory_of_engines_that_ended_is_given_back(served: Served) -> None:
    guard = 3 * 10**7
    before = served.memory()
    (loaded,) = [model for model in served.mesh.models.values() if model.size]
    caller = Caller(served.runtime.settings["management"])
    caller.ask("unloadModel", modelId=loaded.id)
    caller.channel.close()
    assert before > 10**9
    assert served.memory() < guard
