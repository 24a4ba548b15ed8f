# SPDX-License-Identifier: MPL-2.0
"""The front before a stand-in for ModelMesh and a real runtime: requests are answered right, or by an honest error."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from bench.modelmesh.mesh import Mesh
from bench.modelmesh.place import free_ports, running

from .conftest import Standing, key

pytestmark = pytest.mark.live

CHAT = "/v1/chat/completions"


def hej(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hej"}], **more}


@contextmanager
def meshed(runtime: str, models: Mapping[str, str | Mapping[str, str]]) -> Iterator[tuple[str, Mesh]]:
    """A stand-in for ModelMesh before a runtime; its address."""
    loop, ended = asyncio.new_event_loop(), threading.Event()
    (port,) = free_ports(1)
    made: list[Mesh] = []

    async def serve() -> None:
        async with grpc.aio.insecure_channel(runtime) as channel:
            mesh = Mesh(channel)
            for name, given in models.items():
                said = {"path": f"/models/{name}", "key": given} if isinstance(given, str) else given
                mesh.register(name, said["path"], said["key"])
            await mesh.start()
            server = grpc.aio.server()
            server.add_generic_rpc_handlers((mesh,))
            server.add_insecure_port(f"127.0.0.1:{port}")
            await server.start()
            made.append(mesh)
            await asyncio.to_thread(ended.wait)
            await server.stop(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        while not made:
            assert thread.is_alive()
        yield f"127.0.0.1:{port}", made[0]
    finally:
        ended.set()
        thread.join()
        loop.close()


class Fronted:
    """A front with a mesh and a runtime behind it."""

    def __init__(self, standing: Standing, mesh: Mesh, address: str) -> None:
        self.standing, self.mesh = standing, mesh
        self.http = httpx.Client(base_url=address, timeout=60)

    def said(self, model: str) -> str:
        answer = self.http.post(CHAT, json=hej(model))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["model"])

    def streamed(self, model: str) -> list[str]:
        with self.http.stream("POST", CHAT, json=hej(model, stream=True)) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            return [line.removeprefix("data: ") for line in answer.iter_lines() if line]


@pytest.fixture
def fronted(stand: Callable[..., Standing], tmp_path: Path) -> Iterator[Callable[..., Fronted]]:
    stack: list[Any] = []

    def start(words: dict[str, list[str]], runtime: dict[str, Any] | None = None, **settings: Any) -> Fronted:
        standing = stand(**{"hostBytes": 10**9, "engineHostBytes": 0, **(runtime or {})})
        texts = {name: key(weightsBytes=100, kvBytes=30 * 10**6, arguments=given) for name, given in words.items()}
        mesh = meshed(standing.program.settings["management"], texts)
        address, made = mesh.__enter__()
        stack.append(mesh)
        front = running("front", {"modelmesh": address, "models": sorted(words), **settings}, tmp_path)
        program = front.__enter__()
        stack.append(front)
        whole = Fronted(standing, made, f"http://127.0.0.1:{program.settings['port']}")
        stack.append(whole.http)
        return whole

    yield start
    for one in reversed(stack):
        one.__exit__(None, None, None)  # a client is closed by it too


def test_models_take_turns_and_every_caller_gets_the_right_one(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": [], "b": [], "c": []}, {"gpuBytes": 40 * 10**6})  # room for one
    for name in ("a", "b", "c", "a", "a", "b"):
        assert front.said(name) == name
        parts = front.streamed(name)
        assert parts[-1] == "[DONE]"
        assert {json.loads(part)["model"] for part in parts[:-1]} == {name}
    assert front.mesh.evictions == 4
    assert front.standing.program.metric('modelmesh_vllm_loads_total{how="wake1",result="loaded"}') == 2


def test_a_model_that_died_is_back_before_its_caller_notices(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": []})
    assert front.said("a") == "a"
    front.standing.engines[0].kill()
    assert front.said("a") == "a"


def test_a_stream_that_breaks_off_says_so_and_is_not_complete(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": ["slow"]})
    with front.http.stream("POST", CHAT, json=hej("a", stream=True)) as answer:
        lines = answer.iter_lines()
        next(lines)
        front.standing.engines[0].kill()
        rest = [line for line in lines if line]
    assert "[DONE]" not in rest[-1]
    assert "broken_off" in rest[-1]


def test_a_caller_that_leaves_frees_its_place(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": ["slow"]})
    with front.http.stream("POST", CHAT, json=hej("a", stream=True)) as answer:
        lines = answer.iter_lines()  # let go of, it would close the stream
        next(lines)
        assert front.standing.program.metric('modelmesh_vllm_requests_inside{model="a"}') == 1
    deadline = 100
    while front.standing.program.metric('modelmesh_vllm_requests_inside{model="a"}') and deadline:
        deadline -= 1
    assert deadline


def test_requests_beyond_the_queue_are_told_to_come_again(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": ["slow"]}, {"defaultConcurrency": 1, "limits": {"queue": 0}})
    with front.http.stream("POST", CHAT, json=hej("a", stream=True)) as answer:
        lines = answer.iter_lines()  # let go of, it would close the stream
        next(lines)
        with httpx.Client(base_url=front.http.base_url) as another:
            refused = another.post(CHAT, json=hej("a"))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (json.dumps(hej("none")), 404, "model_not_found"),
        ("[]", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("{}", 400, "model_missing"),
        (json.dumps(hej("a", padding="x" * 2000)), 413, "request_too_large"),
    ],
)
def test_requests_that_no_model_can_answer_are_refused(
    fronted: Callable[..., Fronted], content: str, status: int, code: str
) -> None:
    front = fronted({"a": []}, limits={"bodyBytes": 1000})
    answer = front.http.post(CHAT, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_other_routes_of_vllm_are_not_to_be_reached(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": []})
    for route in ("/sleep", "/wake_up", "/v1/load_lora_adapter", "/collective_rpc", "/metrics", "/v1/../sleep"):
        assert front.http.post(route, json=hej("a")).status_code == 404, route
    assert front.http.get("/v1/models").json()["data"][0]["id"] == "a"
    assert front.standing.asked == []


def test_speech_comes_in_a_form(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": []})
    answer = front.http.post("/v1/audio/transcriptions", data={"model": "a"}, files={"file": ("a.wav", b"RIFF")})
    assert answer.status_code == 200
    assert "a /v1/audio/transcriptions" in front.standing.asked[0]


def test_a_model_that_can_not_be_loaded_is_not_there_now(fronted: Callable[..., Fronted]) -> None:
    front = fronted({"a": ["stillborn"]})
    answer = front.http.post(CHAT, json=hej("a"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
