# SPDX-License-Identifier: MPL-2.0
"""Figures as JSON, as a table and as a chart, one of each a run."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.serving import LlmD

from .chart import chart
from .measure import OBJECTIVES, ratios, verdict
from .run import BASE, PATIENCE, picker
from .workload import Workload, working_set

Rungs = Sequence[Mapping[str, Any]]


def write(
    folder: Path, name: str, workload: Workload, ways: Mapping[str, LlmD | None], rungs: Rungs, revision: str
) -> None:
    """Write what is measured so far: a run that is cut off leaves what it has.

    Args:
        folder: where to.
        name: of the files.
        workload: what was asked.
        ways: what was compared.
        rungs: figures of each rung and way, in the order of measurement.
        revision: commit that was measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps(document(workload, ways, rungs, revision), indent=1, allow_nan=False) + "\n"
    )
    (folder / f"{name}.md").write_text(table(name, workload, rungs))
    (folder / f"{name}.svg").write_text(chart(workload, by_way(rungs)))


def document(workload: Workload, ways: Mapping[str, LlmD | None], rungs: Rungs, revision: str) -> dict[str, Any]:
    """Everything that a reader needs to doubt the figures."""
    return {
        "revision": revision,
        "machine": {"cores": os.cpu_count(), "system": platform.platform()},
        "patienceSeconds": PATIENCE,
        "workload": workload.model_dump(by_alias=True),
        "workingSet": dict(zip(("ofOnePod", "ofAllPods"), working_set(workload), strict=True)),
        "pickers": {name: picker(serving) for name, serving in ways.items() if serving},
        "verdicts": {name: verdict(measured) for name, measured in by_way(rungs).items()},
        "rungs": list(rungs),
    }


def by_way(rungs: Rungs) -> dict[str, list[Mapping[str, Any]]]:
    """Rungs of each way, in order of rate."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for rung in sorted(rungs, key=lambda rung: rung["rate"]):
        found.setdefault(rung["way"], []).append(rung)
    return dict(sorted(found.items(), key=lambda item: item[0] != BASE))


def table(name: str, workload: Workload, rungs: Rungs) -> str:
    """Figures for people, a row for each rung and way."""
    one, every = working_set(workload)
    limits = [limit for limit in OBJECTIVES if limit != workload.objective_seconds]
    head = [
        *("arrivals /s", "way", "mean s", "p50", "p95", "p99", f"in time ({workload.objective_seconds:g} s)"),
        *("goodput /s", *(f"in {limit:g} s /s" for limit in limits)),
        *("cached", "busiest pod", "mean, times earlier", "goodput, times", "answered", "cores"),
    ]
    measured = by_way(rungs)
    base = {rung["rate"]: rung for rung in measured.get(BASE, [])}
    lines = [
        f"# {name}: {workload.about}",
        "",
        f"Beginnings shared by {workload.groups} groups need {one:.1f} times one pod's cache, {every:.0%} of all."
        if workload.groups
        else "Nothing is shared.",
        "",
        row(head),
        row(["---"] * len(head)),
    ]
    for rate in sorted({rung["rate"] for rung in rungs}):
        for way, of_way in measured.items():
            lines += [row(cells(rung, base.get(rate), way, limits)) for rung in of_way if rung["rate"] == rate]
    lines += ["", row(["way", "best goodput /s", "carries, arrivals /s"]), row(["---"] * 3)]
    for way, of_way in measured.items():
        said = verdict(of_way)
        lines.append(row([way, f"{said['bestGoodputPerSecond']:.1f}", f"{said['carriedPerSecond']:g}"]))
    return "\n".join([*lines, ""])


def cells(rung: Mapping[str, Any], base: Mapping[str, Any] | None, way: str, limits: Sequence[float]) -> list[str]:
    """A row of the table."""
    compared = ["", ""]
    if base and way != BASE:
        against = ratios(base, rung)
        compared = [f"{against['mean']:.1f}", f"{against['goodput']:.1f}"]
    given_up = rung["answered"] < rung["requests"]
    return [
        f"{rung['rate']:g}",
        way,
        *(f"{'≥ ' if given_up else ''}{rung[f'{what}Seconds']:.2f}" for what in ("mean",)),
        *(f"{rung[f'{what}Seconds']:.2f}" for what in ("p50", "p95", "p99")),
        f"{rung['inTime']:.0%}",
        f"{rung['goodputPerSecond']:.2f}",
        *(f"{rung['goodputPerSecondBy'][f'{limit:g}']:.2f}" for limit in limits),
        f"{rung['cachedShare']:.2f}",
        f"{rung['busiestPod']:.2f}" if rung["busiestPod"] else "",  # behind the gateway nobody is told which pod it was
        *compared,
        f"{rung['answered']}/{rung['requests']}",
        f"{sum(rung['processors'].values()):.2f}",
    ]


def row(texts: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(texts)} |"
