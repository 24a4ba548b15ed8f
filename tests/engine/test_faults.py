# SPDX-License-Identifier: MPL-2.0
"""An `up` that breaks: at every write of the dev stack, and killed at six places. The next `up` goes on.

Objects have fixed names and creating is a server-side apply, so what a dead engine had begun is adopted, not doubled.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from andel.lab import engine
from tests.conftest import ROOT
from tests.support.fault_proxy import Fault, FaultProxy, fault_proxy

from .laboratory import APPLY, Laboratory, objects, stack_file

KILLS = 6
AT_ONCE = 8
"""Writes that go wrong in one `up` at most, one way after the other; what doesn't build on them goes on."""

Labs = tuple[Laboratory, Laboratory]
Result = TypeVar("Result")


@contextmanager
def engine_behind(
    laboratory: Laboratory,
    folder: Path,
    *,
    nth: int = 0,
    past: Collection[str] = (),
    faults: Sequence[Fault] = (),
    before: Callable[[], None] | None = None,
) -> Iterator[tuple[FaultProxy, dict[str, str]]]:
    """A proxy in front of the API server, and the environment of an engine that goes through it."""
    with fault_proxy(laboratory.plane, nth=nth, past=past, faults=faults, before=before) as proxy:
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(proxy.kubeconfig(laboratory.environment.clusters.gpu.context)))
        yield proxy, {"KUBECONFIG": str(file)}


@pytest.fixture(scope="module")
def labs(new_lab: Callable[..., Laboratory], tmp_path_factory: pytest.TempPathFactory) -> Labs:
    """Two labs side by side: an engine waits more than it works, so they take half the time of one.

    Of dev's members the one with a realm is left: the others' walls are the same writes under other names.
    """
    document = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    environment = document["config"]["andel:environment"]
    members = environment["municipalities"].items()
    environment["municipalities"] = {slug: member for slug, member in members if member.get("realm")}
    stacks = tmp_path_factory.mktemp("stacks")
    stack_file(stacks, "dev", yaml.safe_dump(document))
    first, second = new_lab("dev", stacks), new_lab("dev", stacks)
    for laboratory in (first, second):
        laboratory.up()
    return first, second


@pytest.fixture(scope="module")
def whole(labs: Labs, tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], list[str]]:
    """What stands after an `up` without faults, and the paths of its writes."""
    laboratory, _ = labs
    with engine_behind(laboratory, tmp_path_factory.mktemp("whole")) as (proxy, through):
        run = laboratory.pulumi("up", *APPLY, more=through)
    assert run.returncode == 0, run.stdout + run.stderr
    standing = objects(laboratory.api, owned=False)
    laboratory.destroy()
    paths = [write.path for write in proxy.writes]
    assert len(paths) == len(set(paths)) >= 25, "an object is written once"
    return standing, paths


def test_up_ends_well_after_the_failure_of_any_write(
    labs: Labs, tmp_path_factory: pytest.TempPathFactory, whole: tuple[set[str], list[str]]
) -> None:
    """Every write goes wrong once. The next `up` does it, and breaks at others; the last makes the whole, once."""
    standing, paths = whole

    def spoil(laboratory: Laboratory, part: int) -> int:
        left, kinds = set(paths[part :: len(labs)]), cycle(Fault)
        failed, fresh = 0, True
        while left:
            folder, past = tmp_path_factory.mktemp("fault"), {*paths} - left
            faults = [next(kinds) for _ in range(AT_ONCE)]
            with engine_behind(laboratory, folder, nth=1, past=past, faults=faults) as (proxy, through):
                ended = laboratory.pulumi("up", *APPLY, "--continue-on-error", more=through).returncode == 0
            spoilt = {write.path for write in proxy.writes if isinstance(write.outcome, Fault)}
            assert spoilt or (ended and not fresh), f"none of these was written: {left}"
            left -= spoilt
            failed, fresh = failed + (not ended), ended
            if ended:
                goes_on(laboratory, standing, f"after {spoilt}")
        goes_on(laboratory, standing, "after all of them")
        return failed

    failed = shared(labs, range(len(labs)), spoil)
    assert sum(failed) >= len(paths) / AT_ONCE / 2, "the client repeats some writes by itself, but not most"


def test_up_ends_well_after_the_engine_was_killed(
    labs: Labs, tmp_path_factory: pytest.TempPathFactory, whole: tuple[set[str], list[str]]
) -> None:
    """kill -9 leaves a lock and operations without an end; the next run takes both up by itself."""
    standing, paths = whole
    writes = len(paths)

    def kill(laboratory: Laboratory, number: int) -> None:
        kill_at(laboratory, tmp_path_factory.mktemp("kill"), number)
        engine.select(laboratory.lab, laboratory.stack)
        goes_on(laboratory, standing, f"killed at write {number} of {writes}")

    shared(labs, [1 + place * (writes - 1) // (KILLS - 1) for place in range(KILLS)], kill)


def shared(labs: Labs, numbers: Iterable[int], attempt: Callable[[Laboratory, int], Result]) -> list[Result]:
    """Make every attempt once, each on the lab that is free; the first that goes wrong is told."""
    waiting = iter(numbers)

    def work(laboratory: Laboratory) -> list[Result]:
        return [attempt(laboratory, number) for number in waiting]

    with ThreadPoolExecutor(len(labs)) as pool:
        return [result for done in pool.map(work, labs) for result in done]


def goes_on(laboratory: Laboratory, standing: set[str], when: str) -> None:
    """The next `up` makes the whole; then everything is taken down."""
    laboratory.deploy()
    assert objects(laboratory.api, owned=False) == standing, when
    laboratory.destroy()


def kill_at(laboratory: Laboratory, folder: Path, number: int) -> None:
    """Run `up` and kill the engine with all its children when it makes the write of that number."""
    run: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        os.killpg(run[0].pid, signal.SIGKILL)

    with engine_behind(laboratory, folder, nth=number, before=kill) as (_, through):
        inherited = {**engine.environment(laboratory.lab), **through}
        run.append(
            subprocess.Popen(
                engine.command(laboratory.lab, "up", "-s", laboratory.stack, *APPLY),
                env=inherited,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        assert run[0].wait(timeout=120) == -signal.SIGKILL
