# SPDX-License-Identifier: MPL-2.0
"""Background processes, with real children: what is ours ends, what isn't is left alone."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from andel.lab import processes
from andel.lab.processes import Process, free_ports, memory, running, start, stop, stop_strays
from tests.support.waiting import until


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Make a process of a shell command line; it is ended after the test."""
    made: list[Process] = []

    def process(script: str, name: str = "child") -> Process:
        command = ["/bin/sh", "-c", script]
        made.append(Process(name=name, command=command, folder=tmp_path / "lab", environment={"PATH": os.defpath}))
        return made[-1]

    yield process
    for one in made:
        stop(one.note, patience=0)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not the lab's."""
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        yield child
        child.kill()


def test_a_process_runs_until_it_is_stopped(make: Callable[..., Process]) -> None:
    """`up` and `down` are runs of the command on their own: all that one knows of the other is the note."""
    process = make("exec sleep 60")
    assert start(process)
    pid = running(process.note)
    assert pid
    stop(process.note)
    assert not Path(f"/proc/{pid}").exists()
    assert not process.note.exists()


def test_starting_twice_starts_once(make: Callable[..., Process]) -> None:
    """A second `up` leaves the control plane alone."""
    process = make("exec sleep 60")
    start(process)
    pid = running(process.note)
    assert not start(process)
    assert running(process.note) == pid


def test_another_command_line_replaces_the_process(make: Callable[..., Process]) -> None:
    """A new version of a program takes over from the old one."""
    start(make("exec sleep 60"))
    first = running(make("").note)
    assert start(make("exec sleep 61"))
    assert running(make("").note) not in (None, first)
    assert not Path(f"/proc/{first}").exists()


def test_what_it_writes_is_kept_for_nobody_else(make: Callable[..., Process]) -> None:
    """Logs of an API server name objects, and errors quote the end of the log."""
    process = make("echo out; echo wrong >&2; sleep 60")
    start(process)
    until(lambda: process.log.read_text() == "out\nwrong\n")
    for file in (process.log, process.note):
        assert file.stat().st_mode & 0o077 == 0


def test_it_has_only_the_environment_that_it_is_given(
    make: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens and passphrases of whoever runs `up` have no business in a control plane."""
    monkeypatch.setenv("A_TOKEN", "secret")
    process = make('echo "token: $A_TOKEN."; sleep 60')
    start(process)
    until(lambda: process.log.read_text() == "token: .\n")


def test_it_outlives_a_control_c(make: Callable[..., Process]) -> None:
    """Ctrl-C goes to the terminal's process group: the lab's programs are in none of it."""
    process = make("exec sleep 60")
    start(process)
    pid = running(process.note)
    assert pid
    assert os.getpgid(pid) != os.getpgid(0)
    assert os.getsid(pid) != os.getsid(0)


def test_a_process_that_does_not_listen_is_killed(make: Callable[..., Process]) -> None:
    """An API server waits a minute for its watches when it is asked to end."""
    process = make("trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    start(process)
    until(lambda: process.log.read_text() == "deaf\n")
    began = time.monotonic()
    stop(process.note, patience=0.3)
    assert time.monotonic() - began > 0.3
    assert running(process.note) is None


def test_one_that_died_is_known_to_be_gone(make: Callable[..., Process]) -> None:
    """kill -9 of a component: the next `up` starts it again. A zombie doesn't run."""
    process = make("exec sleep 60")
    start(process)
    pid = running(process.note)
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: running(process.note) is None)
    assert memory(process.note) == 0
    assert start(process)


def note_of(process: Process, pid: int, **changed: object) -> None:
    """Write the note of a process as if the kernel had given its id to another one since."""
    content = {**json.loads(process.note.read_text()), "pid": pid, **changed}
    process.note.write_text(json.dumps(content))


def test_an_id_that_went_to_somebody_else_is_left_alone(
    make: Callable[..., Process], stranger: subprocess.Popen[bytes]
) -> None:
    """Linux gives ids out again; only id and start time together name a process (proc(5), field 22)."""
    time.sleep(0.05)  # start times count in hundredths of a second
    process = make("exec sleep 60")
    start(process)
    pid = running(process.note)
    assert pid
    note_of(process, stranger.pid)
    assert running(process.note) is None
    stop(process.note, patience=0)
    assert stranger.poll() is None
    os.kill(pid, signal.SIGKILL)


def test_a_note_from_before_a_reboot_means_nobody(
    make: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start times count from the boot, so after a reboot the same id can have the same start time."""
    process = make("exec sleep 60")
    start(process)
    pid = running(process.note)
    assert pid
    monkeypatch.setattr(processes, "_boot", lambda: "another boot")
    assert running(process.note) is None
    monkeypatch.undo()
    assert running(process.note) == pid


def test_one_that_nobody_wrote_down_is_found_and_ended(make: Callable[..., Process], tmp_path: Path) -> None:
    """`up` can be killed between the start of a program and the note of it."""
    lost, kept = make("exec sleep 60", "lost"), make("exec sleep 60", "kept")
    elsewhere = Process(name="elsewhere", command=lost.command, folder=tmp_path / "lab-2", environment={})
    for process in (lost, kept, elsewhere):
        start(process)
    pid = running(lost.note)
    lost.note.unlink()
    try:
        stop_strays(tmp_path / "lab")
        assert not Path(f"/proc/{pid}").exists()
        assert running(kept.note)
        assert running(elsewhere.note)
        assert sorted(file.name for file in (tmp_path / "lab").glob("*.pid")) == ["kept.pid"]
    finally:
        stop(elsewhere.note, patience=0)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}', '{"pid": 1, "started": null}'])
def test_a_note_that_is_no_note_means_nobody(tmp_path: Path, content: str) -> None:
    """Process 1 is never ours, whatever a file says."""
    note = tmp_path / "child.pid"
    note.write_text(content)
    assert running(note) is None
    stop(note, patience=0)
    assert not note.exists()


def test_memory_is_what_the_kernel_says(make: Callable[..., Process]) -> None:
    """`andel lab status` and the budget of the lab read it."""
    process = make("exec sleep 60")
    start(process)
    until(lambda: 100_000 < memory(process.note) < 100_000_000)


def test_free_ports_differ_and_can_be_bound() -> None:
    """etcd's two and the API server's are chosen at once."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))
