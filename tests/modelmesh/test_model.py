# SPDX-License-Identifier: MPL-2.0
"""Pure parts of the runtime: what a model's key means, the contracts' messages, the gate before an engine."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from modelmesh_vllm import contract, generate, wire
from modelmesh_vllm.contract import descriptors
from modelmesh_vllm.engine import command
from modelmesh_vllm.gate import BrokenOff, Crowded, Gate, NotLoaded
from modelmesh_vllm.model import NotUnderstood, named, read
from modelmesh_vllm.settings import Limits, RuntimeSettings, Strategy
from pydantic import ValidationError

from .conftest import key

SETTINGS = RuntimeSettings.model_validate(
    {"gpuBytes": 10**9, "defaultKvBytes": 7, "bases": {"big": {"path": "/b", "gpuBytes": 10**8, "concurrency": 9}}}
)


def test_the_descriptors_are_those_of_the_proto_files() -> None:
    written = descriptor_pb2.FileDescriptorSet.FromString(descriptors.FILES)
    assert written == descriptor_pb2.FileDescriptorSet.FromString(generate.described())


def test_a_service_is_served_whole_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="loadModel"):
        contract.handlers(contract.RUNTIME, {})


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("chat__ksp-0a1b2c", "chat"),
        ("chat__isvc-77", "chat"),
        ("chat", "chat"),
        ("a__b", "a__b"),
        ("x__ksp-zz", "x__ksp-zz"),
    ],
)
def test_a_public_name_is_what_modelmesh_serving_added_to(model_id: str, name: str) -> None:
    assert named(model_id) == name


def test_a_model_without_a_key_gets_its_size_from_its_files_and_the_rest_from_the_runtime(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    model = read("a", str(tmp_path), "", SETTINGS)
    assert (model.weights_bytes, model.kv_bytes, model.expected_bytes) == (100, 7, 107)
    assert (model.strategy, model.concurrency) == (Strategy.SLEEP, 256)
    assert read("a", "/nowhere", "{}", SETTINGS).weights_bytes == SETTINGS.default_bytes


def test_what_a_key_says_goes_first() -> None:
    said = {"strategy": "restart", "weightsBytes": "5", "kvBytes": "0", "concurrency": "3", "arguments": '["--x=1"]'}
    model = read("a__ksp-1", "/a", json.dumps({"storage_params": said}), SETTINGS)
    assert (model.strategy, model.expected_bytes, model.concurrency) == (Strategy.RESTART, 5, 3)
    assert (model.name, model.arguments) == ("a", ("--x=1",))


def test_adapters_are_on_a_base_that_there_is() -> None:
    adapter = read("x", "/x", key(strategy="lora", base="big", weightsBytes=5), SETTINGS)
    assert (adapter.adapter, adapter.expected_bytes, adapter.concurrency) == (True, 5, 9)
    base = read("big", "/b", key(strategy="lora", base="big", adapter="false"), SETTINGS)
    assert (base.adapter, base.expected_bytes) == (False, 1)
    with pytest.raises(NotUnderstood, match="there are \\['big'\\]"):
        read("x", "/x", key(strategy="lora", base="small"), SETTINGS)


def test_sleepers_and_bases_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave no GPU memory"):
        RuntimeSettings.model_validate({"gpuBytes": 10, "sleeperGpuBytes": 5, "mostSleepers": 2})
    RuntimeSettings.model_validate({"gpuBytes": 11, "sleeperGpuBytes": 5, "mostSleepers": 2})


def test_a_command_is_filled_in_and_words_stay_words() -> None:
    words = command(["v", "{path}", "--n={name}:{port}"], ["--j={name}"], path="/a b", name="c", port=7, kv_bytes=1)
    assert words == ["v", "/a b", "--n=c:7", "--j={name}"]


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        (b'{"model": "x", "n": 1}', "application/json", {"model": "a", "n": 1}),
        (b'{"n": 1}', "application/json; charset=utf-8", {"n": 1, "model": "a"}),
        (b'{"n": 1}', "", {"n": 1, "model": "a"}),
    ],
)
def test_an_engine_is_asked_by_the_name_that_it_knows(body: bytes, content_type: str, sent: dict[str, Any]) -> None:
    assert json.loads(wire.addressed(body, content_type, "a")) == sent


def test_forms_pass_as_they_are() -> None:
    assert wire.addressed(b"--x", "multipart/form-data; boundary=x", "a") == b"--x"


def test_a_gate_lets_some_in_some_wait_and_refuses_the_rest() -> None:
    async def story() -> list[str]:
        gate, told, leave = Gate(1, Limits(queue=1, queue_seconds=5)), [], asyncio.Event()

        async def visit(name: str) -> None:
            try:
                async with gate.entered():
                    told.append(f"{name} in")
                    await leave.wait()
            except (Crowded, NotLoaded, BrokenOff) as error:
                told.append(f"{name} {type(error).__name__}")

        first = asyncio.create_task(visit("first"))
        await asyncio.sleep(0)
        second = asyncio.create_task(visit("second"))
        await asyncio.sleep(0)
        await visit("third")
        closing = asyncio.create_task(gate.close(0.01))
        await asyncio.sleep(0)
        await visit("fourth")
        broken = await closing
        await asyncio.gather(first, second)
        return [*told, str(broken)]

    told = asyncio.run(story())
    assert told == ["first in", "third Crowded", "fourth NotLoaded", "first BrokenOff", "second NotLoaded", "1"]
