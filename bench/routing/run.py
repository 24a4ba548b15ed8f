# SPDX-License-Identifier: MPL-2.0
"""One run: for every rung of the ladder each way in turn, on the same pods, made fresh and warmed up alike."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from andel.lab.errors import LabError
from andel.release.epp import GIE_1_5
from components.serving.epp import picker_config
from config.serving import LlmD

from .load import Load
from .measure import summary
from .place import seconds_of
from .workload import Workload, arrivals, warm_up

BASE = "round-robin"
"""The way that the others are compared with: Envoy's own turn, as a Service without a picker."""

BANDS = {"basic": 0, "standard": 10, "critical": 100}
"""Priorities of tiers, for the bands of flow control. The requests name no tier: all wait in the lowest."""

PATIENCE = 15.0
"""Seconds after a rung's last request until what has no answer is given up: five times the objective."""


class Pods(Protocol):
    """Where it is measured: processes of this machine (`place`), or pods on a node."""

    def load(self, door: str) -> Load:
        """Requests to the door `round-robin` or `picked`."""

    def fresh(self, config: Mapping[str, Any] | None) -> None:
        """Make pods that have nothing cached, and a picker of this configuration that remembers nothing."""

    def processor_seconds(self) -> dict[str, float]:
        """Processor time so far, by part."""


def strategies(file: Path) -> dict[str, LlmD]:
    """Serving sections by name, as a stack file has them."""
    return {
        name: LlmD.model_validate({"kind": "llm-d", **section})
        for name, section in yaml.safe_load(file.read_text()).items()
    }


def picker(serving: LlmD) -> dict[str, Any]:
    """The picker's configuration: what the platform writes for that section, in the dialect of the picker here."""
    return picker_config(serving, GIE_1_5, BANDS)


def run(
    at: Pods,
    workload: Workload,
    ways: Mapping[str, LlmD | None],
    rates: Sequence[float],
    say: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Measure, rung by rung. Which way comes first changes from rung to rung.

    Args:
        at: where.
        workload: what is asked.
        ways: name and serving section of each; None goes round.
        rates: rungs, in requests per second.
        say: told what is being done.
    """
    for index, rate in enumerate(rates):
        for name in list(ways)[:: -1 if index % 2 else 1]:
            serving = ways[name]
            say(f"{rate:g}/s {name}: warming up")
            at.fresh(None if serving is None else picker(serving))
            yield {"rate": rate, "way": name, **rung(at, workload, rate, "picked" if serving else BASE, say)}


def rung(at: Pods, workload: Workload, rate: float, door: str, say: Callable[[str], None]) -> dict[str, Any]:
    """One rung by one way."""
    load = at.load(door)
    warmed = time.monotonic()
    refused = [one for one in load.warm(warm_up(workload, rate)) if not one.answered]
    if refused:
        first = refused[0]
        raise LabError(f"{len(refused)} requests of the warm-up failed, the first with {first.status}: {first.refusal}")
    requests = arrivals(workload, rate)
    before, own, begin = at.processor_seconds(), seconds_of(os.getpid()), time.monotonic()
    outcomes = load.rung(requests, workload.answer_tokens, PATIENCE)
    passed = time.monotonic() - begin
    spent = {part: (value - before.get(part, 0.0)) / passed for part, value in at.processor_seconds().items()}
    figures = summary(outcomes, workload.seconds, workload.objective_seconds, workload.engine.pods)
    say(
        f"{rate:g}/s {door}: first token after {figures['meanSeconds']:.2f} s on average,"
        f" {figures['inTime']:.0%} in time, {figures['cachedShare']:.0%} cached"
    )
    processors = {**spent, "harness": (seconds_of(os.getpid()) - own) / passed}
    return {**figures, "warmUpSeconds": begin - warmed, "processors": processors}
