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

from andel.fleet.budget import descendants
from andel.fleet.engine import PROJECT
from andel.fleet.generate import write
from andel.lab import engine
from config.contract import contract
from config.judge import judge
from config.names import MEMBER
from config.stackfile import read
from tests.conftest import ROOT

from .laboratory import Laboratory, contents
from .walls import address, lower_walls, raise_walls, resources

COUNT = 10
PATIENCE = 300


@dataclass(frozen=True)
class Progress:
    """How far a run of all has come, by what lies in the back end."""

    full: set[str]
    """Stacks that hold something, and nobody is at them."""

    under_way: set[str]
    """Stacks that somebody is at."""

    empty: set[str]
    """Stacks that hold nothing, and nobody is at them."""

    written: set[str]
    """Stacks of which a Secret at least is written."""

    @property
    def in_the_middle(self) -> bool:
        """Whether some are done, some are under way, one of them half written, and some had no turn."""
        return len(self.full) >= 2 and len(self.empty) >= 2 and bool(self.under_way & self.written)


@dataclass(frozen=True)
class Fleet:
    """Ten made-up municipalities, on walls alone."""

    laboratory: Laboratory
    folder: Path
    slugs: tuple[str, ...]

    def start(self, *words: str, contract: bool = True) -> subprocess.Popen[str]:
        """Begin `andel fleet`, in a process group of its own."""
        command = [sys.executable, "-m", "andel", "fleet", words[0], "dev", *words[1:], "--json", "--at-once", "3"]
        environment = {**engine.environment(self.laboratory.lab), "XDG_STATE_HOME": str(self.folder)}
        command += ["--folder", str(self.folder / "municipalities")]
        command += ["--contract", str(self.folder / "contract.json")] if contract else []
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def run(self, *words: str, code: int = 0, contract: bool = True) -> dict[str, dict[str, Any]]:
        """Run it; what it says became of each stack."""
        process = self.start(*words, contract=contract)
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
        folder = self.laboratory.lab.backend / ".pulumi" / "stacks" / PROJECT
        files = {file.stem: file for file in folder.glob("dev-*.json")}
        return {name: json.loads(file.read_text())["checkpoint"].get("latest", {}) for name, file in files.items()}

    @property
    def progress(self) -> Progress:
        """How far a run of all has come."""
        kinds = {name: {one["type"] for one in state.get("resources", [])} for name, state in self.states.items()}
        locked = {lock.parent.name for lock in self.locks}
        full = {name for name, held in kinds.items() if held}
        empty = {f"dev-{slug}" for slug in self.slugs} - full - locked
        written = {name for name, held in kinds.items() if "kubernetes:core/v1:Secret" in held}
        return Progress(full=full - locked, under_way=locked, empty=empty, written=written)

    @property
    def made(self) -> set[str]:
        """What stands in the municipalities' namespaces, but for what controllers make."""
        found = contents(self.laboratory.api)
        places = {place(address) for address, content in found.items() if "ownerReferences" not in content}
        theirs = {one for one in places if one.replace("/endpoints/", "/services/") in places - {one}}
        return {one for one in places - theirs if one.split("/")[1].startswith(MEMBER)}

    @property
    def held(self) -> list[str]:
        """Objects in the states of all stacks: one that is in two of them stands here twice."""
        plurals = resources(self.laboratory.api)
        return [
            place(address(plurals, one["outputs"]).replace("/namespaces/", "/"))
            for state in self.states.values()
            for one in state.get("resources", [])
            if one["type"].startswith("kubernetes:")  # the providers are `pulumi:providers:kubernetes`
        ]

    def in_the_middle(self, process: subprocess.Popen[str]) -> Progress:
        """Wait until some stacks are done, some under way and some not begun; where each was then."""
        deadline = time.monotonic() + PATIENCE
        while not (seen := self.progress).in_the_middle:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return seen

    def finished(self, standing: set[str]) -> None:
        """Everything is as after a run that nobody disturbed: all of it in the states, once, and nothing besides."""
        assert self.locks == []
        for state in self.states.values():
            assert not state.get("pending_operations")
            urns = [one["urn"] for one in state["resources"]]
            assert len(urns) == len({*urns})
        again = self.run("up")
        assert {slug: one["state"] for slug, one in again.items()} == dict.fromkeys(self.slugs, "unchanged")
        assert not [one for one in again.values() if one["resumed"]]
        self.holds_all(standing)

    def holds_all(self, standing: set[str]) -> None:
        """What has come to stand in the namespaces is what the states hold, each once: neither more nor less."""
        held = self.held
        assert len(held) == len({*held}) > 5 * COUNT
        assert self.made == standing | {*held}


def place(path: str) -> str:
    """Where an object stands, whatever version its address is of: group, namespace, resource and name."""
    *version, namespace, resource, name = path.split("/")
    return f"{version[2] if len(version) > 3 else ''}/{namespace}/{resource}/{name}"


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


@pytest.fixture(scope="module")
def fleet(dev_lab: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Walls of ten made-up members, on a lab with nothing else."""
    folder = tmp_path_factory.mktemp("fleet")
    settings, *_ = write(ROOT / "Pulumi.dev.yaml", folder, COUNT, seed=1)
    environment = judge(read(settings).environment)
    given = contract(environment).model_dump(mode="json", by_alias=True)
    (folder / "contract.json").write_text(json.dumps(given))
    raised = raise_walls(dev_lab.api, environment)
    yield Fleet(dev_lab, folder, tuple(environment.municipalities))
    lower_walls(dev_lab.api, raised)


@pytest.fixture(scope="module")
def standing(fleet: Fleet) -> set[str]:
    """What stands in the municipalities' namespaces before they have anything."""
    given = ("configmaps/kube-root-ca.crt", "serviceaccounts/default")
    wait_for(lambda: all(sum(address.endswith(one) for address in fleet.made) >= COUNT for one in given))
    return fleet.made


@pytest.fixture
def told(fleet: Fleet) -> Iterator[None]:
    """The platform's stack puts out its contract."""
    before = json.loads(fleet.laboratory.pulumi("stack", "export").stdout)
    root = {"urn": "urn:pulumi:dev::andel::pulumi:pulumi:Stack::andel-dev", "type": "pulumi:pulumi:Stack"}
    outputs = {"contract": json.loads((fleet.folder / "contract.json").read_text())}
    hold(fleet, {"version": 3, "deployment": {"resources": [{**root, "custom": False, "outputs": outputs}]}})
    yield
    hold(fleet, before)


def hold(fleet: Fleet, document: dict[str, Any]) -> None:
    """Put a state into the platform's stack."""
    file = fleet.folder / "platform.json"
    file.write_text(json.dumps(document))
    ended = fleet.laboratory.pulumi("stack", "import", "--file", str(file))
    assert ended.returncode == 0, ended.stderr


def test_a_preview_of_what_was_never_made_shows_all_and_writes_nothing(fleet: Fleet, standing: set[str]) -> None:
    found = fleet.run("preview")
    assert {slug: one["state"] for slug, one in found.items()} == dict.fromkeys(fleet.slugs, "changed")
    assert all(one["changes"]["create"] > 4 for one in found.values())
    assert fleet.made == standing


@pytest.mark.usefixtures("told")
def test_the_contract_is_read_from_the_stack_of_the_environments_name(fleet: Fleet) -> None:
    found = fleet.run("preview", fleet.slugs[0], contract=False)
    assert found[fleet.slugs[0]]["state"] == "changed"


def test_after_the_parent_alone_was_killed_engines_end_by_themselves_and_the_next_run_finishes(
    fleet: Fleet, standing: set[str]
) -> None:
    process = fleet.start("up", "--waves", "100")
    seen = fleet.in_the_middle(process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: fleet.locks == [])
    assert seen.full <= fleet.progress.full
    assert fleet.progress.empty, "all had their turn although nobody gave it"
    wait_for(lambda: not [one for one in Path("/proc").glob("[0-9]*") if b"/andel-fleet-" in command_line(one)])
    assert {one["state"] for one in fleet.run("up").values()} == {"changed", "unchanged"}
    assert {one["state"] for one in fleet.run("refresh").values()} == {"unchanged"}
    fleet.finished(standing)


def test_ctrl_c_ends_what_is_under_way_and_leaves_no_lock(fleet: Fleet, standing: set[str]) -> None:
    process = fleet.start("destroy", "--yes", "--waves", "100")
    seen = fleet.in_the_middle(process)
    os.killpg(process.pid, signal.SIGINT)
    said, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said + told
    assert fleet.locks == []
    states = {f"dev-{one['slug']}": one["state"] for one in json.loads(said)["stacks"]}
    assert {states[one] for one in seen.empty} == {"changed"}
    assert {states[one] for one in seen.under_way} <= {"changed", "interrupted"}  # each may have come to its end
    assert {name for name, state in states.items() if state == "left"} <= seen.full
    assert "left" in states.values()
    assert {one["state"] for one in fleet.run("destroy", "--yes").values()} == {"changed", "unchanged"}
    assert fleet.made == standing
    assert fleet.held == []


def test_after_everything_was_killed_the_next_run_breaks_its_own_locks_and_finishes(
    fleet: Fleet, standing: set[str]
) -> None:
    process = fleet.start("up", "--waves", "100")
    fleet.in_the_middle(process)
    for pid in (process.pid, *descendants(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    then = fleet.progress
    assert all((then.full, then.under_way, then.empty))
    outcomes = fleet.run("up")
    assert {f"dev-{slug}" for slug, one in outcomes.items() if one["resumed"]} >= then.under_way
    assert {outcomes[one.removeprefix("dev-")]["state"] for one in then.full} == {"unchanged"}
    assert {outcomes[one.removeprefix("dev-")]["state"] for one in then.empty} == {"changed"}
    fleet.finished(standing)


def test_an_object_that_no_state_holds_would_be_seen(fleet: Fleet, standing: set[str]) -> None:
    api, name = fleet.laboratory.api, "chat-doubled"
    path = f"/api/v1/namespaces/{MEMBER}{fleet.slugs[0]}/configmaps/{name}"
    fleet.holds_all(standing)
    api.apply(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    with pytest.raises(AssertionError, match=name):
        fleet.holds_all(standing)
    api.delete(path)


def test_the_lock_of_somebody_else_is_nobodys_to_break(fleet: Fleet) -> None:
    first, *others = fleet.slugs
    locks = fleet.laboratory.lab.backend / ".pulumi" / "locks" / "organization" / PROJECT
    theirs = locks / f"dev-{first}" / "theirs.json"
    theirs.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": os.getpid(), "username": "ci", "hostname": "elsewhere", "timestamp": "2026-11-21T20:00:00Z"}
    theirs.write_text(json.dumps(holder))
    try:
        outcomes = fleet.run("up", "--canary", first, code=1)
        assert outcomes[first]["state"] == "locked"
        assert "elsewhere" in outcomes[first]["message"]
        assert {outcomes[slug]["state"] for slug in others} == {"left"}
        assert theirs.exists()
    finally:
        theirs.unlink()
    fleet.run("destroy", "--yes", "--waves", "100")
