# SPDX-License-Identifier: MPL-2.0
"""One stack's turn, through the real Automation API, with a stand-in for the engine that keeps what it was told."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from andel.fleet import worker
from andel.fleet.engine import Engine
from andel.fleet.notes import Holder, Note, holder
from andel.fleet.outcome import Outcome, State
from andel.fleet.worker import Job, carried_out, said

from .stand_in import ENGINE, on_path

PROGRAM = compile("", "nothing", "exec")


@dataclass(frozen=True)
class Turn:
    """A project folder with a stand-in."""

    folder: Path

    def take(self, verb: str = "up", *, exists: bool = True) -> Outcome:
        """Take it."""
        given = Job(
            verb=verb,
            slug="samso",
            stack="dev-samso",
            wave=1,
            exists=exists,
            kubeconfig=self.folder / "kubeconfig",
            folder=self.folder,
            note=self.note,
        )
        return carried_out(given, Engine(), PROGRAM, lambda _: None)

    @property
    def note(self) -> Note:
        """The note about the stack."""
        return Note(self.folder / "dev-samso.json")

    @property
    def told(self) -> list[str]:
        """The first words of every command that the engine was given."""
        file = self.folder / "told"
        return [" ".join(line.split()[:2]) for line in file.read_text().splitlines()] if file.exists() else []

    def lock(self, holder: Holder) -> None:
        """Lock the stack."""
        words = f"  file:///x.json: created by ci@{holder.host} (pid {holder.pid}) at 2026-11-21T20:00:00Z\n"
        (self.folder / "held").write_text(words)


@pytest.fixture
def turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Nothing is locked, nothing is pending."""
    monkeypatch.setenv("PATH", on_path(tmp_path / "bin"))
    (tmp_path / "exported").write_text('{"version": 3, "deployment": {}}')
    return Turn(tmp_path)


@pytest.fixture
def gone() -> Holder:
    """A process that was, and is no more."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        return holder(process.pid)


def test_a_stack_that_exists_costs_one_start_of_the_engine(turn: Turn) -> None:
    outcome = turn.take()
    assert (outcome.state, outcome.message) == (State.UNCHANGED, "")
    assert turn.told == ["up --yes"]
    assert turn.note.read() is None


def test_a_new_one_is_made_and_not_selected(turn: Turn) -> None:
    assert turn.take(exists=False).state is State.UNCHANGED
    assert turn.told == ["stack init", "up --yes"]
    assert "--no-select" in (turn.folder / "told").read_text()


@pytest.mark.parametrize("verb", ["refresh", "destroy"])
def test_what_was_never_made_needs_no_engine(turn: Turn, verb: str) -> None:
    assert turn.take(verb, exists=False).message == "was never made"
    assert turn.told == []


def test_a_failure_is_told_in_the_engines_words(turn: Turn) -> None:
    (turn.folder / "fails").write_text("error: no passphrase\n")
    outcome = turn.take()
    assert (outcome.state, outcome.message) == (State.FAILED, "error: no passphrase")
    assert turn.note.read() is None


def test_the_lock_of_an_engine_of_ours_that_is_gone_is_broken(turn: Turn, gone: Holder) -> None:
    turn.note.write(gone)
    turn.lock(gone)
    outcome = turn.take()
    assert (outcome.state, outcome.resumed) == (State.UNCHANGED, True)
    assert turn.told == ["stack export", "up --yes", "cancel --yes", "up --yes"]
    assert turn.note.read() is None


def test_what_was_begun_is_taken_up_before_anything_else(turn: Turn, gone: Holder) -> None:
    (turn.folder / "exported").write_text('{"version": 3, "deployment": {"pending_operations": [{}]}}')
    turn.note.write(gone)
    turn.lock(gone)
    assert turn.take().state is State.UNCHANGED
    assert [words.split()[0] for words in turn.told] == ["stack", "refresh", "cancel", "refresh", "up"]
    assert "--clear-pending-creates" in (turn.folder / "told").read_text()


def test_a_lock_that_nobody_noted_stays(turn: Turn, gone: Holder) -> None:
    turn.lock(gone)
    outcome = turn.take()
    assert (outcome.state, outcome.resumed) == (State.LOCKED, False)
    assert f"ci@{socket.gethostname()} (pid {gone.pid})" in outcome.message
    assert turn.told == ["up --yes"]
    assert (turn.folder / "held").exists()


def test_the_lock_of_another_stays_even_if_one_of_ours_is_gone_and_can_be_explained_later(
    turn: Turn, gone: Holder
) -> None:
    turn.note.write(gone)
    turn.lock(replace(gone, host="elsewhere"))
    assert turn.take().state is State.LOCKED
    assert "cancel --yes" not in turn.told
    assert turn.note.read() == gone


def test_an_engine_of_ours_that_still_runs_is_waited_for_and_its_lock_stays(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PATIENCE", 0.5)
    living = holder(os.getpid())
    turn.note.write(living)
    turn.lock(living)
    outcome = turn.take()
    assert outcome.state is State.LOCKED
    assert outcome.seconds > 0.5
    assert turn.note.read() == living


def test_a_preview_waits_for_nobody_and_takes_nothing_up(turn: Turn, gone: Holder) -> None:
    turn.note.write(gone)
    turn.lock(gone)
    outcome = turn.take("preview")
    assert turn.told == ["preview --color"]
    assert not outcome.resumed
    assert turn.note.read() == gone


def test_an_engine_that_was_killed_stays_noted(turn: Turn) -> None:
    (turn.folder / "bin" / "pulumi").write_text(ENGINE.replace('echo "$*" >> told', "kill -9 $$"))
    assert turn.take().state is State.FAILED
    assert turn.note.read() is not None


def test_only_the_engines_own_words_are_told() -> None:
    assert said("\n code: 255\n stdout: Updating (dev-samso):\n\n stderr: error: x\n  y") == "error: x\ny"
