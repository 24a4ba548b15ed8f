# SPDX-License-Identifier: MPL-2.0
"""A fleet on the lab, killed and stopped in the middle: the next run finishes it, and no stack is left locked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from andel.lab import engine
from config.contract import contract
from config.names import MEMBER
from tests.conftest import ROOT

from .laboratory import Laboratory, contents
from .walls import lower_walls, raise_walls

SLUGS = {"aarhus", "samso"}
PATIENCE = 180


@dataclass(frozen=True)
class Fleet:
    """Two municipalities of the checkout, on walls alone."""

    laboratory: Laboratory
    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin `andel fleet`, in a process group of its own."""
        command = [
            sys.executable,
            "-m",
            "andel",
            "fleet",
            words[0],
            "dev",
            *sorted(SLUGS),
            *words[1:],
            "--json",
            "--at-once",
            "2",
        ]
        environment = {**engine.environment(self.laboratory.lab), "XDG_STATE_HOME": str(self.folder)}
        command += ["--contract", str(self.folder / "contract.json"), "--folder", str(ROOT / "municipalities")]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run it; what it says became of each stack."""
        process = self.start(*words)
        said, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said + told
        return {one["slug"]: one for one in json.loads(said)["stacks"]}

    @property
    def locks(self) -> list[Path]:
        """Locks of stacks."""
        return list((self.laboratory.lab.backend / ".pulumi" / "locks").rglob("*.json"))

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        """What the back end holds of each stack."""
        folder = self.laboratory.lab.backend / ".pulumi" / "stacks" / "andel-municipality"
        files = {file.stem: file for file in folder.glob("dev-*.json")}
        return {name: json.loads(file.read_text())["checkpoint"]["latest"] for name, file in files.items()}

    @property
    def made(self) -> dict[str, str]:
        """What stands in the municipalities' namespaces, but for what controllers make."""
        found = contents(self.laboratory.api)
        return {
            address: content
            for address, content in found.items()
            if address.split("/")[-3].startswith(MEMBER) and "ownerReferences" not in content
        }

    def in_the_middle(self, process: subprocess.Popen[str]) -> None:
        """Wait until a stack is locked and part of it is written."""
        deadline = time.monotonic() + PATIENCE
        while not (self.locks and any("kubernetes:core/v1:Secret" in json.dumps(one) for one in self.states.values())):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def finished(self, standing: set[str]) -> None:
        """Everything is as after a run that nobody disturbed: all of it in the states, once, and nothing besides."""
        assert self.locks == []
        for state in self.states.values():
            assert not state.get("pending_operations")
            urns = [one["urn"] for one in state["resources"]]
            assert len(urns) == len({*urns})
        again = self.run("up")
        assert {slug: one["state"] for slug, one in again.items()} == dict.fromkeys(SLUGS, "unchanged")
        assert not [one for one in again.values() if one["resumed"]]
        assert standing < self.made.keys()


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def command_line(process: Path) -> bytes:
    """How a process was started; nothing, if it has ended."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def descendants(pid: int) -> list[int]:
    """All processes that a process has started, and those of them."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]
    return [*children, *(one for child in children for one in descendants(child))]


@pytest.fixture(scope="module")
def fleet(dev_lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Walls of all members of dev, on a lab with nothing else."""
    folder = tmp_path_factory.mktemp("fleet")
    given = contract(dev_lab.environment).model_dump(mode="json", by_alias=True)
    (folder / "contract.json").write_text(json.dumps(given))
    raised = raise_walls(dev_lab.api, dev_lab.environment)
    yield Fleet(dev_lab, folder)
    lower_walls(dev_lab.api, raised)


@pytest.fixture(scope="module")
def standing(fleet: Fleet) -> set[str]:
    """What stands in the municipalities' namespaces before they have anything."""
    wait_for(lambda: sum("configmaps/kube-root-ca.crt" in address for address in fleet.made) >= len(SLUGS))
    return set(fleet.made)


def test_a_preview_of_what_was_never_made_shows_all_and_writes_nothing(fleet: Fleet, standing: set[str]) -> None:
    found = fleet.run("preview")
    assert {slug: one["state"] for slug, one in found.items()} == dict.fromkeys(SLUGS, "changed")
    assert all(one["changes"]["create"] > 5 for one in found.values())
    assert fleet.made.keys() == standing


def test_after_the_parent_alone_was_killed_engines_end_by_themselves_and_the_next_run_finishes(
    fleet: Fleet, standing: set[str]
) -> None:
    process = fleet.start("up", "--waves", "100")
    fleet.in_the_middle(process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: fleet.locks == [])
    wait_for(lambda: not [one for one in Path("/proc").glob("[0-9]*") if b"/andel-fleet-" in command_line(one)])
    assert {one["state"] for one in fleet.run("up").values()} <= {"changed", "unchanged"}
    assert {one["state"] for one in fleet.run("refresh").values()} == {"unchanged"}
    fleet.finished(standing)


def test_ctrl_c_ends_what_is_under_way_and_leaves_no_lock(fleet: Fleet, standing: set[str]) -> None:
    process = fleet.start("destroy", "--yes", "--waves", "100")
    wait_for(lambda: bool(fleet.locks) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    said, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said + told
    assert fleet.locks == []
    states = [one["state"] for one in json.loads(said)["stacks"]]
    assert "left" in states  # the other one may have come to its end, or not
    assert {one["state"] for one in fleet.run("destroy", "--yes").values()} <= {"changed", "unchanged"}
    assert fleet.made.keys() == standing


def test_after_everything_was_killed_the_next_run_breaks_its_own_locks_and_finishes(
    fleet: Fleet, standing: set[str]
) -> None:
    process = fleet.start("up", "--waves", "100")
    fleet.in_the_middle(process)
    for pid in (process.pid, *descendants(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert fleet.locks
    outcomes = fleet.run("up")
    assert any(one["resumed"] for one in outcomes.values())
    fleet.finished(standing)


def test_the_lock_of_somebody_else_is_nobodys_to_break(fleet: Fleet) -> None:
    theirs = fleet.laboratory.lab.backend / ".pulumi/locks/organization/andel-municipality/dev-samso/theirs.json"
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text(
        json.dumps({"pid": os.getpid(), "username": "ci", "hostname": "elsewhere", "timestamp": "2026-11-21T20:00:00Z"})
    )
    try:
        outcomes = fleet.run("up", "--canary", "samso", code=1)
        assert outcomes["samso"]["state"] == "locked"
        assert "elsewhere" in outcomes["samso"]["message"]
        assert {outcomes[slug]["state"] for slug in SLUGS - {"samso"}} == {"left"}
        assert theirs.exists()
    finally:
        theirs.unlink()
    fleet.run("destroy", "--yes")
