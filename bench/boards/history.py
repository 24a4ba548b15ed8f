# SPDX-License-Identifier: MPL-2.0
"""A real Prometheus that has seen a day: readings and our rules, written into its store by promtool."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

from andel.lab.build import build
from andel.lab.errors import LabError
from andel.lab.processes import Process, await_page, free_ports, start, stop
from andel.lab.scaling_parts import PROMETHEUS, PROMTOOL
from components.monitoring.rules import spec

from .day import BEGIN, SECONDS, STEP, openmetrics

READY_SECONDS = 60

DEPTH = 4
"""How far rules read what other rules record: each is evaluated over the day as often."""


def promtool(*arguments: str) -> None:
    """Run Prometheus' own tool.

    Raises:
        LabError: it fails; with its words.
    """
    run = subprocess.run(
        [str(PROMTOOL.folder / PROMTOOL.program), *arguments], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise LabError(f"promtool {' '.join(arguments[:3])}: {run.stderr[-800:]}")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A Prometheus on the store in a folder."""
    (folder / "prometheus.yaml").write_text("{}\n")
    (port,) = free_ports(1)
    process = Process(
        name="prometheus",
        command=[
            str(PROMETHEUS.folder / PROMETHEUS.program),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder=folder,
        environment={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )
    start(process)
    try:
        await_page(process, f"http://127.0.0.1:{port}/-/ready", READY_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process.note)


@contextmanager
def remembering(folder: Path, groups: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """A Prometheus that has seen the day, with all that rules record of it.

    Args:
        folder: of its store.
        groups: rules by group.

    Yields:
        Its address.
    """
    build((PROMETHEUS, PROMTOOL))
    readings, rules = folder / "day.txt", folder / "rules.yaml"
    readings.write_text("".join(openmetrics()))
    recording = {name: [rule for rule in listed if "record" in rule] for name, listed in groups.items()}
    rules.write_text(yaml.safe_dump(spec(recording)))
    promtool("tsdb", "create-blocks-from", "openmetrics", str(readings), str(folder / "data"))
    span = [f"--start={BEGIN}", f"--end={BEGIN + SECONDS}", f"--eval-interval={STEP}s"]
    for _ in range(DEPTH):
        with serving(folder) as address:
            where = [f"--url={address}", f"--output-dir={folder / 'data'}"]
            promtool("tsdb", "create-blocks-from", "rules", *span, *where, str(rules))
    with serving(folder) as address:
        yield address


def over_the_day(address: str, expr: str, step: int) -> list[dict[str, Any]]:
    """Series of an expression over the day (source: Prometheus' HTTP API, `query_range`)."""
    asked = urlencode({"query": expr, "start": BEGIN, "end": BEGIN + SECONDS, "step": step})
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{address}/api/v1/query_range?{asked}", timeout=60)
    if answer.status != 200:
        raise LabError(f"{expr}: {answer.data[:400]!r}")
    found: list[dict[str, Any]] = json.loads(answer.data)["data"]["result"]
    return found
