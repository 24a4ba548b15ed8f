# SPDX-License-Identifier: MPL-2.0
"""What outcomes add up to: times to the first token, what was answered in time, what was cached, how pods shared it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .load import Outcome

OBJECTIVES = (1.0, 2.0, 3.0, 5.0)
"""Seconds: what the tables show beside the workload's own objective."""

MET = 0.95
"""Part of a rung's requests that must be in time for it to count as carried."""


def summary(outcomes: Sequence[Outcome], seconds: float, objective: float, pods: int) -> dict[str, Any]:
    """Figures of a rung.

    Args:
        outcomes: of all its requests, the ones that were given up among them.
        seconds: length of the rung.
        objective: seconds to the first token that are good enough.
        pods: how many could answer.
    """
    times = sorted(one.first_token for one in outcomes)
    answered = [one for one in outcomes if one.answered]
    whole = [one for one in answered if one.prompt]
    by_pod = Counter(one.pod for one in answered if one.pod)
    return {
        "requests": len(outcomes),
        "answered": len(answered),
        "refused": sum(1 for one in outcomes if one.status not in {0, 200}),
        "meanSeconds": mean(times),
        **{f"p{part}Seconds": quantile(times, part / 100) for part in (50, 95, 99)},
        "inTime": in_time(outcomes, objective) / max(1, len(outcomes)),
        "goodputPerSecond": in_time(outcomes, objective) / seconds,
        "goodputPerSecondBy": {f"{limit:g}": in_time(outcomes, limit) / seconds for limit in OBJECTIVES},
        "cachedShare": sum(one.cached for one in whole) / max(1, sum(one.prompt for one in whole)),
        "promptTokens": mean([float(one.prompt) for one in whole]),
        "busiestPod": max(by_pod.values(), default=0) * pods / max(1, sum(by_pod.values())),
        "sentLateSeconds": max((one.sent_late for one in outcomes), default=0.0),
    }


def in_time(outcomes: Sequence[Outcome], objective: float) -> int:
    """Requests whose first token came soon enough."""
    return sum(1 for one in outcomes if one.answered and one.first_token <= objective)


def mean(values: Sequence[float]) -> float:
    """Mean; 0 of nothing."""
    return math.fsum(values) / len(values) if values else 0.0


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest value that so many of the ordered values do not exceed; 0 of nothing."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


def ratios(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    """How many times better the other is, of one rung: earlier first tokens, and more requests in time."""
    return {
        "mean": base["meanSeconds"] / other["meanSeconds"] if other["meanSeconds"] else 0.0,
        "p95": base["p95Seconds"] / other["p95Seconds"] if other["p95Seconds"] else 0.0,
        "goodput": ratio(other["goodputPerSecond"], base["goodputPerSecond"]),
    }


def ratio(above: float, below: float) -> float:
    """A ratio; of two zeros 1, of something to nothing infinite."""
    return above / below if below else math.inf if above else 1.0


def verdict(rungs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """A way over the whole ladder: its best goodput, and the highest rate that it carries with every rung below.

    Args:
        rungs: `{"rate": …, **summary}`, in order of rate.
    """
    carried = 0.0
    for rung in rungs:
        if rung["inTime"] < MET:
            break
        carried = rung["rate"]
    return {
        "bestGoodputPerSecond": max(rung["goodputPerSecond"] for rung in rungs),
        "carriedPerSecond": carried,
    }
