# SPDX-License-Identifier: MPL-2.0
"""The runtime by ModelMesh's contract (model_runtime.proto): what is loaded answers, what is unloaded holds nothing."""

import json
import time
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest

from tests.support.waiting import until

from .conftest import Standing, key

pytestmark = pytest.mark.live

CHAT = "/v1/chat/completions"
HEJ: dict[str, Any] = {"messages": [{"role": "user", "content": "hej"}]}
ROOMY = {"hostBytes": 10**9, "engineHostBytes": 0}


def refused(code: grpc.StatusCode, ask: Callable[[], Any]) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    assert caught.value.code() is code, caught.value.details()
    return str(caught.value.details())


def answered(standing: Standing, name: str) -> str:
    answer = standing.caller.call(name, CHAT, HEJ)
    assert answer.status == 200
    return str(json.loads(answer.body)["model"])


def test_it_is_ready_before_any_engine_and_says_what_modelmesh_needs(stand: Callable[..., Standing]) -> None:
    standing = stand(bases={"big": {"path": "/b", "gpuBytes": 10**8}}, sleeperGpuBytes=10**6, mostSleepers=5)
    said = standing.caller.ask("runtimeStatus")
    assert said.status == said.READY
    assert standing.engines == []
    assert said.capacityInBytes == 10**9 - 10**8 - 5 * 10**6  # without bases, and what sleepers keep
    assert said.maxLoadingConcurrency == 1
    assert said.modelLoadingTimeoutMs > 20_000
    assert set(said.methodInfos) == {"andel.modelmesh.v1.Engine/Call", "andel.modelmesh.v1.Engine/Locate"}


def test_a_model_is_loaded_measured_called_and_unloaded(stand: Callable[..., Standing]) -> None:
    standing = stand(defaultStrategy="restart")
    predicted = standing.caller.ask(
        "predictModelSize", modelId="a__ksp-0f", modelPath="/a", modelKey=key(kvBytes=5, weightsBytes=7)
    )
    assert predicted.sizeInBytes == 12
    size = standing.load("a__ksp-0f").sizeInBytes
    assert size > 10**6  # measured, not the 200 bytes that were said
    assert standing.caller.ask("modelSize", modelId="a__ksp-0f").sizeInBytes == size
    assert answered(standing, "a__ksp-0f") == "a"
    assert standing.caller.locate("a__ksp-0f").model_id == "a__ksp-0f"
    assert standing.load("a__ksp-0f").sizeInBytes == size  # loaded already
    assert len(standing.engines) == 1
    standing.unload("a__ksp-0f")
    assert standing.engines == []
    again = standing.caller.ask(
        "predictModelSize",
        modelId="a__ksp-0f",
        modelPath="/models/a__ksp-0f",
        modelKey=key(kvBytes=100, weightsBytes=100),
    )
    assert again.sizeInBytes == size


def test_what_is_not_loaded_is_not_found_and_unloading_it_succeeds(stand: Callable[..., Standing]) -> None:
    standing = stand()
    refused(grpc.StatusCode.NOT_FOUND, lambda: standing.caller.call("none", CHAT, HEJ))
    refused(grpc.StatusCode.NOT_FOUND, lambda: standing.caller.locate("none"))
    refused(grpc.StatusCode.NOT_FOUND, lambda: standing.caller.ask("modelSize", modelId="none"))
    standing.unload("none")


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"storage_params": {"kvBytes": "many"}}', key(unknown="x"), key(strategy="lora"), key(strategy="nap")],
)
def test_keys_that_describe_no_model_are_invalid_arguments(stand: Callable[..., Standing], text: str) -> None:
    standing = stand()
    ask = standing.caller.ask
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: ask("loadModel", modelId="a", modelPath="/a", modelKey=text))
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: ask("loadModel", modelId="a", modelPath="", modelKey="{}"))
    assert standing.engines == []


def test_what_does_not_fit_is_refused_before_or_taken_away_after(stand: Callable[..., Standing]) -> None:
    standing = stand(gpuBytes=10**6)
    why = refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: standing.load("a", kvBytes=2 * 10**6))
    assert "1000000" in why
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: standing.load("b"))  # said 200 bytes, and is 10 MB and more
    assert standing.engines == []
    refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: standing.load("b"))  # its size is known now


def test_an_engine_that_does_not_start_is_an_error_that_says_why(stand: Callable[..., Standing]) -> None:
    standing = stand()
    why = refused(grpc.StatusCode.INTERNAL, lambda: standing.load("a", "stillborn"))
    assert "out of memory" in why
    assert standing.program.below == []
    standing.load("a")


def test_a_cancelled_load_leaves_nothing_and_the_next_one_loads(stand: Callable[..., Standing]) -> None:
    standing = stand()
    load = standing.caller.begin("loadModel", modelId="a", modelPath="/a", modelKey=key(kvBytes=100, weightsBytes=100))
    until(lambda: standing.program.below)
    load.cancel()
    standing.unload("a")
    assert standing.program.below == []
    standing.load("a")
    assert answered(standing, "a") == "a"


def test_weights_sleep_in_main_memory_as_long_as_it_suffices_then_without_then_not_at_all(
    stand: Callable[..., Standing],
) -> None:
    standing = stand(hostBytes=40 * 10**6, engineHostBytes=10**6, mostSleepers=2)
    sizes = [standing.load(name).sizeInBytes for name in ("a", "b", "c")]
    assert all(20 * 10**6 < size < 38 * 10**6 for size in sizes), f"the budget is for one of {sizes}"
    for name in ("a", "b", "c"):
        standing.unload(name)
    assert standing.asked == ["a /sleep?level=1", "b /sleep?level=2"]
    assert len(standing.engines) == 2


def test_a_budget_without_room_for_weights_means_level_two_and_its_order_of_waking(
    stand: Callable[..., Standing],
) -> None:
    """Level 2 without `reload_weights` answers garbage (vllm#29341)."""
    standing = stand(hostBytes=2 * 10**6, engineHostBytes=10**6)
    for name in ("a", "b", "c"):
        standing.load(name)
    for name in ("a", "b", "c"):
        standing.unload(name)
    assert standing.asked == ["a /sleep?level=2", "b /sleep?level=2"]
    assert len(standing.engines) == 2  # c ended: the budget has no room for a third process
    standing.load("a")
    assert standing.asked[2:] == [
        "a /wake_up?tags=weights",
        'a /collective_rpc {"method":"reload_weights"}',
        "a /wake_up?tags=kv_cache",
        "a /reset_prefix_cache",
    ]
    assert answered(standing, "a") == "a"


@pytest.mark.parametrize("trouble", ["insomniac", "deaf"])
def test_an_engine_that_does_not_sleep_or_wake_is_started_anew(stand: Callable[..., Standing], trouble: str) -> None:
    standing = stand(**ROOMY)
    standing.load("a", trouble)
    (before,) = standing.engines
    standing.unload("a")
    standing.load("a", trouble)
    assert answered(standing, "a") == "a"
    (after,) = standing.engines
    assert after.pid != before.pid


def test_another_version_of_a_model_is_not_woken_from_the_old_one(stand: Callable[..., Standing]) -> None:
    standing = stand(**ROOMY)
    standing.load("a__ksp-01")
    standing.unload("a__ksp-01")
    standing.load("a__ksp-02", "--another")
    assert not any("wake_up" in line for line in standing.asked)


def test_sleepers_that_nobody_calls_for_end(stand: Callable[..., Standing]) -> None:
    standing = stand(**ROOMY, sleeperSeconds=0.3)
    standing.load("a")
    standing.unload("a")
    until(lambda: not standing.engines)


def test_adapters_come_and_go_on_a_base_that_stays(stand: Callable[..., Standing]) -> None:
    standing = stand(bases={"big": {"path": "/models/big", "gpuBytes": 10**8}})
    adapters = {"strategy": "lora", "base": "big"}
    size = standing.load("x", **adapters, weightsBytes=50).sizeInBytes
    standing.load("y", **adapters, weightsBytes=50)
    standing.load("big", strategy="lora", base="big", adapter="false")
    assert size == 50
    standing.unload("x")
    standing.unload("big")
    assert standing.asked == [
        'big /v1/load_lora_adapter {"lora_name":"x","lora_path":"/models/x"}',
        'big /v1/load_lora_adapter {"lora_name":"y","lora_path":"/models/y"}',
        'big /v1/unload_lora_adapter {"lora_name":"x"}',
    ]
    assert len(standing.engines) == 1
    refused(grpc.StatusCode.NOT_FOUND, lambda: standing.caller.call("x", CHAT, HEJ))
    asked = json.loads(standing.caller.call("y", CHAT, HEJ).body)["asked"]
    assert asked == "y"  # the base knows its adapters by name


def test_modelmesh_that_starts_anew_finds_nothing_loaded(stand: Callable[..., Standing]) -> None:
    standing = stand(**ROOMY)
    standing.load("a")
    standing.load("b")
    standing.unload("b")
    until(lambda: standing.caller.ask("runtimeStatus").status == 1)
    assert standing.program.below == []
    refused(grpc.StatusCode.NOT_FOUND, lambda: standing.caller.call("a", CHAT, HEJ))


def test_an_unload_waits_for_answers_then_breaks_them_off(stand: Callable[..., Standing]) -> None:
    standing = stand(**ROOMY)
    standing.load("a", "slow")
    place = standing.caller.locate("a")
    headers = {"x-andel-model-id": place.model_id}
    with httpx.stream(
        "POST", place.address + CHAT, json={**HEJ, "stream": True}, headers=headers, timeout=30
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        began = time.monotonic()
        standing.unload("a")
        assert time.monotonic() - began >= 0.5  # as long as it is told to drain
        rest = list(lines)
    assert "[DONE]" not in "".join(rest)
    assert "broken_off" in rest[-2] + rest[-1]
    again = httpx.post(place.address + CHAT, json=HEJ, headers=headers)
    assert again.status_code == 421


def test_unary_calls_stream_nothing_and_reach_no_other_route(stand: Callable[..., Standing]) -> None:
    standing = stand()
    standing.load("a")
    bad = grpc.StatusCode.INVALID_ARGUMENT
    refused(bad, lambda: standing.caller.call("a", CHAT, {**HEJ, "stream": True}))
    refused(bad, lambda: standing.caller.call("a", "/sleep", {}))
    refused(bad, lambda: standing.caller.call("a", CHAT, b"[]"))
    assert standing.asked == []
