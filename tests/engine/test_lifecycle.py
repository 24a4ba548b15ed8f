# SPDX-License-Identifier: MPL-2.0
"""The lab's programs: they survive what happens to machines, meet no other lab, and leave nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from andel.lab import control_plane, lifecycle, processes
from andel.lab.api import ApiServer
from andel.lab.control_plane import PROGRAMS
from andel.lab.errors import LabError
from andel.lab.folders import LabFolder
from andel.lab.processes import running
from tests.conftest import ROOT
from tests.support.waiting import until

from .laboratory import Laboratory

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "survivor"}}
ADDRESS = "/api/v1/namespaces/survivor"
"""A small object, to see whether data is still there."""


def pids(lab: Laboratory) -> dict[str, int | None]:
    """The processes of a lab."""
    return {name: running(lab.plane.folder / f"{name}.pid") for name in PROGRAMS}


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that know the folder by argument or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in known and int(process.name) != os.getpid():
            found.append(f"{process.name}: {known[:200]!r}")
    return found


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labs come up without definitions: these take most of the time, and these tests are about processes alone."""
    monkeypatch.setattr(lifecycle, "wanted", lambda *_: [])


@pytest.fixture
def scratch(tmp_path: Path, bare: None) -> Iterator[Laboratory]:
    """A lab that doesn't run yet."""
    made = Laboratory(LabFolder(root=tmp_path / "scratch"), "dev")
    yield made
    lifecycle.down(made.lab)


@pytest.mark.parametrize("victims", [("kube-apiserver",), ("etcd",), ("kwok", "kube-scheduler"), PROGRAMS])
def test_killed_programs_come_back_with_their_data(scratch: Laboratory, victims: tuple[str, ...]) -> None:
    """kill -9, or a machine without power: what the API server has acknowledged is there again."""
    scratch.up()
    scratch.api.apply(ADDRESS, NAMESPACE)
    before = pids(scratch)
    for name in victims:
        pid = before[name]
        assert pid
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(pids(scratch)[name] for name in victims))
    scratch.up()
    assert all(pids(scratch).values())
    assert scratch.api.get(ADDRESS)


def test_two_labs_at_once_do_not_meet(bare: None, tmp_path: Path) -> None:
    """Two checkouts, or a test beside a lab that somebody works with."""
    labs = [Laboratory(LabFolder(root=tmp_path / name), "dev") for name in ("one", "two")]
    one, two = labs
    try:
        with ThreadPoolExecutor() as workers:
            list(workers.map(lambda lab: lab.up(), labs))
        one.api.apply(ADDRESS, NAMESPACE)
        assert two.api.get(ADDRESS) is None
        strange = two.plane.client("lab")
        with pytest.raises(LabError, match="GET /api/v1/namespaces"):
            ApiServer(one.plane.server, one.plane.certificates / "ca.crt", strange.certificate, strange.key).get(
                "/api/v1/namespaces"
            )
        lifecycle.down(two.lab)
        assert all(pids(one).values())
        assert one.api.get(ADDRESS)
    finally:
        for lab in labs:
            lifecycle.down(lab.lab)


def test_two_runs_for_one_lab_do_not_meet(scratch: Laboratory) -> None:
    """An impatient second `make up`: it waits, and finds the work done."""
    with ThreadPoolExecutor() as workers:
        list(workers.map(lambda _: lifecycle.up(scratch.lab, "dev", scratch.environment), range(2)))
    assert all(pids(scratch).values())
    assert scratch.api.ready()
    assert len(processes_of(scratch.plane.folder)) == len(PROGRAMS)


def test_a_port_that_somebody_takes_is_replaced(scratch: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between choosing a port and binding it, anybody may take it."""
    choose = processes.free_ports
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answers = iter([[taken.getsockname()[1], *choose(2)]])
        monkeypatch.setattr(control_plane, "free_ports", lambda count: next(answers, None) or choose(count))
        scratch.up()
        assert next(answers, None) is None
        assert scratch.plane.server != f"https://127.0.0.1:{taken.getsockname()[1]}"
    assert all(pids(scratch).values())


@pytest.mark.parametrize("seconds", [0.5, 1.5, 3, 5])
def test_an_up_that_is_killed_is_taken_up_by_the_next(scratch: Laboratory, seconds: float) -> None:
    """Power cuts and kill -9 leave whatever they leave."""
    script = f"""
from pathlib import Path
from andel.lab.folders import LabFolder
from tests.engine.laboratory import Laboratory
Laboratory(LabFolder(root=Path({str(scratch.lab.root)!r})), "dev").up()
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as run:
        time.sleep(seconds)
        run.kill()
    scratch.up()
    assert all(pids(scratch).values())
    assert scratch.api.ready()
    assert len(processes_of(scratch.plane.folder)) == len(PROGRAMS)


def test_a_program_that_nobody_wrote_down_is_ended(scratch: Laboratory) -> None:
    """The worst moment for a kill: it runs, holds etcd's data and ports, and no note says so."""
    scratch.up()
    for name in PROGRAMS:
        (scratch.plane.folder / f"{name}.pid").unlink()
    scratch.up()
    assert len(processes_of(scratch.plane.folder)) == len(PROGRAMS)
    for name in PROGRAMS:
        (scratch.plane.folder / f"{name}.pid").unlink()
    lifecycle.down(scratch.lab)
    assert processes_of(scratch.lab.root) == []


def test_the_audit_log_tells_the_engines_writes_alone(scratch: Laboratory) -> None:
    """Tests of the platform read there that a second `up` writes nothing (audit.k8s.io/v1, Event)."""
    scratch.up()
    engine = scratch.plane.api("operator")
    scratch.api.apply(ADDRESS, NAMESPACE)
    engine.get(ADDRESS)
    engine.delete(ADDRESS)
    until(scratch.writes)
    assert [(event["verb"], event["user"]["username"]) for event in scratch.writes()] == [("delete", "andel-operator")]


def test_nobody_else_can_read_the_labs_files(scratch: Laboratory) -> None:
    """The folder holds administrators' keys and all objects, Secrets among them."""
    scratch.up()
    assert scratch.lab.root.stat().st_mode & 0o077 == 0
    assert scratch.lab.kubeconfig.stat().st_mode & 0o077 == 0
    folder = scratch.plane.certificates
    assert [file.name for file in (folder, *folder.iterdir()) if file.stat().st_mode & 0o077] == []


def test_down_leaves_nothing(scratch: Laboratory) -> None:
    """No process, no port, no file; and what the lab doesn't own stays, though it names the lab's folder."""
    scratch.up()
    ports = json.loads((scratch.plane.folder / "ports.json").read_text()).values()
    with subprocess.Popen(["/bin/sh", "-c", f"sleep 60; : {scratch.lab.root}"]) as neighbour:
        try:
            lifecycle.down(scratch.lab)
            assert neighbour.poll() is None
        finally:
            neighbour.kill()
    assert processes_of(scratch.lab.root) == []
    assert not scratch.lab.root.exists()
    for port in ports:
        with socket.socket() as one:
            assert one.connect_ex(("127.0.0.1", port)) != 0
    lifecycle.down(scratch.lab)  # nothing is there: no error
