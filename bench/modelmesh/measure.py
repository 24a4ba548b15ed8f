# SPDX-License-Identifier: MPL-2.0
"""Times of one runtime in seconds: cold starts, unloads, wakes, and swaps of two models that don't fit together."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .place import Caller

CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Times:
    """Of one kind of step."""

    step: str
    count: int
    median: float
    least: float
    most: float


def times(step: str, seconds: list[float]) -> Times:
    """Median and range, to a tenth of a millisecond."""
    middle = statistics.median(seconds)
    return Times(step, len(seconds), round(middle, 4), round(min(seconds), 4), round(max(seconds), 4))


def took(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def measure(caller: Caller, models: Mapping[str, str], key: str, rounds: int, *, sleeps: bool) -> list[Times]:
    """Load, call, unload and load again; each load counts until the model answers its first call.

    Args:
        caller: client of a runtime with nothing loaded, and room for one of the models.
        models: two models, by their ids, with the paths of their weights.
        key: their key, as ModelMesh hands it over.
        rounds: how often each step is done.
        sleeps: whether what is unloaded sleeps: then the first load of a model alone is cold.
    """
    first, second = models

    def load(name: str) -> None:
        caller.ask("loadModel", modelId=name, modelPath=models[name], modelKey=key)
        body = {"messages": [{"role": "user", "content": "hej"}], "max_tokens": 1}
        answer = caller.call(name, CHAT, body)
        if answer.status != 200 or json.loads(answer.body)["model"] != name:
            raise RuntimeError(f"{name} answered {answer.status}")

    def unload(name: str) -> None:
        caller.ask("unloadModel", modelId=name)

    found: dict[str, list[float]] = {"cold": [], "unload": [], "again": [], "swap": []}
    for _ in range(rounds if sleeps else 1):
        for name in (first, second):
            found["cold"].append(took(lambda name=name: load(name)))  # type: ignore[misc]
            unload(name)
        if sleeps:  # ModelMesh's question at its start purges sleepers too
            caller.purge()
    load(first)
    for _ in range(rounds):
        found["unload"].append(took(lambda: unload(first)))
        found["again"].append(took(lambda: load(first)))
    loaded, other = first, second
    unload(loaded)
    load(other)
    loaded, other = other, loaded
    for _ in range(rounds):
        began = time.monotonic()
        unload(loaded)
        load(other)
        found["swap"].append(time.monotonic() - began)
        loaded, other = other, loaded
    unload(loaded)
    again = "wake" if sleeps else "start again"
    return [times({"again": again}.get(step, step), seconds) for step, seconds in found.items()]


def report(rows: Mapping[str, list[Times]]) -> dict[str, Any]:
    """Figures by engine, and how much shorter a wake is than a cold start of the same engine in the same run."""
    ratios = {}
    for engine, steps in rows.items():
        by_step = {one.step: one.median for one in steps}
        if "wake" in by_step:
            ratios[engine] = round(by_step["cold"] / by_step["wake"], 1)
    return {"seconds": {engine: [asdict(one) for one in steps] for engine, steps in rows.items()}, "cold/wake": ratios}
