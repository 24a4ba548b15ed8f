# SPDX-License-Identifier: MPL-2.0
"""One run at a time, with real processes: flock(2) belongs to a process's open file, and dies with it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from andel.lab.lock import alone
from tests.conftest import ROOT

HOLD = "import sys; from pathlib import Path; from andel.lab.lock import alone\n"
HOLD += "with alone(Path(sys.argv[1]), 'busy'): print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another run that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "held\n"
        yield run
        run.kill()


def enter(lock: Path, inside: threading.Event) -> threading.Thread:
    """Take the lock in a thread, and say when it is had."""

    def run() -> None:
        with alone(lock, "another run is at it"):
            inside.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("end", ["well", "killed", "removed"])
def test_a_second_run_waits_for_the_first(
    holder: subprocess.Popen[str], tmp_path: Path, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """However it ends; `down` even removes the lock with the lab's folder."""
    inside = threading.Event()
    thread = enter(tmp_path / "lock", inside)
    assert not inside.wait(0.3)
    assert capsys.readouterr().err == "another run is at it\n"
    if end == "removed":
        (tmp_path / "lock").unlink()
    if end == "killed":
        holder.kill()
    else:
        assert holder.stdin
        holder.stdin.close()
    assert inside.wait(5)
    thread.join()
    assert (tmp_path / "lock").exists()


def test_a_lock_that_nobody_holds_is_had_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder is made for it; others can't read there."""
    with alone(tmp_path / "lab" / "lock", "busy"):
        assert (tmp_path / "lab").stat().st_mode & 0o077 == 0
    with alone(tmp_path / "lab" / "lock", "busy"):
        pass
    assert capsys.readouterr().err == ""
