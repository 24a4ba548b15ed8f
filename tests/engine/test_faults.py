# SPDX-License-Identifier: MPL-2.0
"""An `up` that breaks: at every write of the dev stack, and killed at ten places. The next `up` goes on.

Objects have fixed names and creating is a server-side apply, so what a dead engine had begun is adopted, not doubled.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from andel.lab import engine
from tests.support.fault_proxy import Fault, FaultProxy, Handler, fault_proxy, reset, status

from .laboratory import APPLY, Laboratory, objects

FAULTS: tuple[Fault, ...] = (status(500), status(503), status(403), reset)
"""What a write meets, in turn: the server fails, is overloaded, refuses, or is gone."""

KILLS = 10


@pytest.fixture(scope="module")
def proxy(dev_lab: Laboratory) -> Iterator[FaultProxy]:
    with fault_proxy(dev_lab.plane) as running:
        yield running


@pytest.fixture(scope="module")
def through_proxy(dev_lab: Laboratory, proxy: FaultProxy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of an engine that sees the API server through the proxy."""
    config = yaml.safe_load(dev_lab.lab.kubeconfig.read_text())
    for cluster in config["clusters"]:
        cluster["cluster"] = {"server": f"http://127.0.0.1:{proxy.server_address[1]}"}
    file: Path = tmp_path_factory.mktemp("proxy") / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return {"KUBECONFIG": str(file)}


@pytest.fixture(scope="module")
def whole(dev_lab: Laboratory, proxy: FaultProxy, through_proxy: dict[str, str]) -> tuple[set[str], int]:
    """What stands after an `up` without faults, and how many writes it takes."""
    proxy.disarm()
    run = dev_lab.pulumi("up", *APPLY, more=through_proxy)
    assert run.returncode == 0, run.stdout + run.stderr
    standing, writes = objects(dev_lab.api), proxy.writes
    dev_lab.destroy()
    return standing, writes


def test_up_ends_well_after_the_failure_of_any_write(
    dev_lab: Laboratory, proxy: FaultProxy, through_proxy: dict[str, str], whole: tuple[set[str], int]
) -> None:
    """For every k: the k-th write fails, the next `up` makes the whole, and nothing is there twice."""
    standing, writes = whole
    assert writes >= 25
    failed = 0
    for number in range(1, writes + 1):
        proxy.arm(number, FAULTS[number % len(FAULTS)])
        failed += dev_lab.pulumi("up", *APPLY, more=through_proxy).returncode != 0
        proxy.disarm()
        goes_on(dev_lab, standing, f"write {number} of {writes}")
    assert failed >= writes // 2  # the client retries some faults by itself


def test_up_ends_well_after_the_engine_was_killed(
    dev_lab: Laboratory, proxy: FaultProxy, through_proxy: dict[str, str], whole: tuple[set[str], int]
) -> None:
    """kill -9 leaves a lock and operations without an end; the next run takes both up by itself."""
    standing, writes = whole
    for place in range(KILLS):
        number = 1 + place * (writes - 1) // (KILLS - 1)
        kill_at(dev_lab, proxy, number, through_proxy)
        proxy.disarm()
        engine.select(dev_lab.lab, dev_lab.stack)
        goes_on(dev_lab, standing, f"killed at write {number} of {writes}")


def goes_on(laboratory: Laboratory, standing: set[str], when: str) -> None:
    """The next `up` makes the whole; then everything is taken down."""
    laboratory.deploy()
    assert objects(laboratory.api) == standing, when
    laboratory.destroy()


def kill_at(laboratory: Laboratory, proxy: FaultProxy, number: int, environment: dict[str, str]) -> None:
    """Run `up` and kill the engine with all its children when it makes the write of that number."""
    run: list[subprocess.Popen[bytes]] = []

    def kill(handler: Handler) -> None:
        os.killpg(run[0].pid, signal.SIGKILL)
        reset(handler)

    proxy.arm(number, kill)
    command = ["pulumi", "-C", str(laboratory.lab.project), "up", "-s", laboratory.stack, *APPLY]
    inherited = {**engine.environment(laboratory.lab), **environment}
    program = Path(laboratory.lab.programs) / "pulumi"
    executable = str(program) if program.exists() else None
    run.append(
        subprocess.Popen(
            command,
            executable=executable,
            env=inherited,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    assert run[0].wait(timeout=120) == -signal.SIGKILL
