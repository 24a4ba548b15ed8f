# SPDX-License-Identifier: MPL-2.0
"""A lock is broken only if it is ours and its process is provably gone."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from andel.fleet.notes import Holder, Note, holder

HOST = socket.gethostname()


def refusal(*holders: tuple[str, int]) -> str:
    """What the engine says of a locked stack (source: pulumi 3.216.0, pkg/backend/diy/lock.go)."""
    lines = [
        f"  file:///b/.pulumi/locks/organization/p/s/1.json: created by ci@{host} (pid {pid}) at 2026-11-21T20:00:00Z"
        for host, pid in holders
    ]
    beginning = (
        f"error: the stack is currently locked by {len(holders)} lock(s). Either wait for the other process(es) to end "
        "or delete the lock file with `pulumi cancel`."
    )
    return "\n".join([beginning, *lines])


@pytest.fixture
def gone() -> Holder:
    """A process that was, and is no more."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        noted = holder(process.pid)
        assert noted.alive
    return noted


def test_the_lock_of_a_process_that_is_gone_is_explained(gone: Holder) -> None:
    assert gone.explains(refusal((HOST, gone.pid)))


def test_the_lock_of_a_process_that_runs_is_not() -> None:
    assert not holder(os.getpid()).explains(refusal((HOST, os.getpid())))


def test_neither_is_anothers(gone: Holder) -> None:
    assert not gone.explains(refusal((HOST, gone.pid + 1)))
    assert not gone.explains(refusal(("elsewhere", gone.pid)))
    assert not gone.explains(refusal((HOST, gone.pid), (HOST, gone.pid + 1)))


def test_the_lock_of_somebody_whose_name_has_a_space_is_anothers(gone: Holder) -> None:
    theirs = refusal(("elsewhere", 7)).splitlines()[-1].replace("by ci@", "by DOMAIN\\Jens Hansen@")
    assert not gone.explains(f"{refusal((HOST, gone.pid))}\n{theirs}")


def test_one_that_was_gone_when_it_was_noted_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert not holder(process.pid).alive


def test_what_names_no_holder_is_not(gone: Holder) -> None:
    assert not gone.explains("[409] Conflict: Another update is currently in progress.")


def test_of_another_machine_nobody_knows_whether_it_runs(gone: Holder) -> None:
    there = replace(gone, host="elsewhere")
    assert not there.explains(refusal(("elsewhere", gone.pid)))


def test_an_id_that_was_given_out_again_or_before_a_start_of_the_machine_is_another_process() -> None:
    ours = holder(os.getpid())
    assert replace(ours, started=(ours.started or 0) + 1).explains(refusal((HOST, ours.pid)))
    assert replace(ours, boot="another").explains(refusal((HOST, ours.pid)))


def test_a_note_comes_back_as_it_was_written(tmp_path: Path) -> None:
    note = Note(tmp_path / "dev-odense.json")
    assert note.read() is None
    note.write(holder(os.getpid()))
    assert note.read() == holder(os.getpid())
    note.erase()
    note.erase()
    assert note.read() is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid": 1}', '{"host": "a", "pid": 1, "started": 1, "boot": "b", "x": 1}']
)
def test_a_note_that_was_half_written_says_nothing(tmp_path: Path, content: str) -> None:
    note = Note(tmp_path / "dev-odense.json")
    note.file.write_text(content)
    assert note.read() is None
