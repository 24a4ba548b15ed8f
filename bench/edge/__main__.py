# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.edge FOLDER`: measure on a gateway that stands there (`python -m tests.node FOLDER`)."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from andel.lab.processes import stop
from bench.routing.measure import quantile
from config.names import GATEWAY, SERVING
from tests.node.gateway import GatewayLab, attached

from .load import Caller, Way
from .plain import plain

HERE = Path(__file__).parent
PERCENTILES = (50, 90, 99)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results", show_default=True)
def main(folder: Path, out: Path) -> None:
    """Compare the edge with one plain Envoy before the same pods."""
    workload = yaml.safe_load((HERE / "workload.yaml").read_text())
    lab = attached(folder.resolve())
    place = folder.resolve() / "plain"
    place.mkdir(exist_ok=True)
    try:
        found = measure(ways(lab, place), lab.authority, workload)
    finally:
        stop(place / "plain.pid")
    figures = {name: summary(times) for name, times in found.items()}
    document = {"revision": revision(), "machine": machine(), "workload": workload, "milliseconds": figures}
    out.mkdir(exist_ok=True)
    (out / "edge.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / "edge.md").write_text(table(figures))
    click.echo(table(figures))


def ways(lab: GatewayLab, place: Path) -> list[Way]:
    """The plain Envoy, and the edge."""
    pods = [pod for pod in lab.pods(SERVING, "andel/model=text") if pod["metadata"].get("ownerReferences")]
    addresses = [(str(pod["status"]["podIP"]), 8000) for pod in pods]
    secured = any("--ssl-certfile" in " ".join(pod["spec"]["containers"][0].get("args", [])) for pod in pods)
    address = plain(place, addresses, lab.secret(GATEWAY, "api-tls"), secured=secured)
    return [
        Way(name="plain Envoy", address=address, host=lab.host),
        Way(name="edge", address=lab.edge, host=lab.host, key=lab.key("odense")),
    ]


def measure(all_ways: Sequence[Way], authority: str, workload: Mapping[str, Any]) -> dict[str, list[float]]:
    """Milliseconds of every request, by way. Ways take turns, and who begins changes."""
    callers = {way.name: Caller(way, authority, workload["connections"]) for way in all_ways}
    rate, question = workload["requestsPerSecond"], workload["question"]
    found: dict[str, list[float]] = {name: [] for name in callers}
    for caller in callers.values():
        caller.send(question, [one / rate for one in range(workload["warmUp"])])
    for turn in range(workload["rounds"]):
        for name in list(callers) if turn % 2 else reversed(list(callers)):
            times = callers[name].send(question, [one / rate for one in range(rate * workload["seconds"])])
            found[name] += times
            click.echo(f"round {turn + 1}, {name}: median {statistics.median(times):.1f} ms")
    return found


def summary(times: Sequence[float]) -> dict[str, float]:
    """Mean and percentiles."""
    ordered = sorted(times)
    parts = {f"p{part}": round(quantile(ordered, part / 100), 2) for part in PERCENTILES}
    return {"requests": len(times), "mean": round(statistics.fmean(times), 2), **parts}


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Figures, ratios and differences as Markdown."""
    (base, one), (other, two) = figures.items()
    lines = [f"| ms | {base} | {other} | ratio | added |", "|---|---|---|---|---|"]
    for name in ("mean", *(f"p{part}" for part in PERCENTILES)):
        added = two[name] - one[name]
        lines.append(f"| {name} | {one[name]:.1f} | {two[name]:.1f} | {two[name] / one[name]:.1f} | {added:.1f} |")
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {"cores": os.cpu_count(), "system": platform.platform()}


def revision() -> str:
    """The commit that is measured, with `-dirty` where files differ from it."""
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
