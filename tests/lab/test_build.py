# SPDX-License-Identifier: MPL-2.0
"""Builds that break: by the compiler, by Ctrl-C, by kill -9, by a full disk. The next one goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from andel.lab import build as building
from andel.lab.build import build, prune
from andel.lab.errors import LabError
from andel.lab.parts import PARTS, Part, missing
from andel.lab.toolchain import Toolchain, find_go
from tests.conftest import ROOT

GO = """#!/bin/sh
# A compiler that writes what it is asked for, and remembers that it was asked.
echo "$@" >> "$FAKE_GO_CALLS"
while [ "$1" != "-o" ]; do shift; done
{body}
echo program > "$2"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, a compiler that does nothing, and the file in which its calls are written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ANDEL_LAB_LITTLE_DISK", "1")
    monkeypatch.setenv("FAKE_GO_CALLS", str(tmp_path / "calls"))
    compiler(tmp_path, monkeypatch, "")
    return tmp_path / "calls"


def compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> Path:
    go = folder / "go"
    go.write_text(GO.format(body=body))
    go.chmod(0o755)
    monkeypatch.setattr(building, "toolchain", lambda: Toolchain(go))
    return go


def part(name: str) -> Part:
    return Part(name=name, seconds=1, module="language", package=f"./{name}", program=name)


def test_what_is_built_is_not_built_again(calls: Path) -> None:
    parts = (part("one"), part("two"))
    build(parts)
    build(parts)
    assert len(calls.read_text().splitlines()) == 2
    assert [(p.folder / p.program).read_text() for p in parts] == ["program\n"] * 2


def test_other_flags_are_another_build(calls: Path) -> None:
    build([part("one")])
    flagged = Part(name="one", seconds=1, module="language", package="./one", program="one", flags=("-race",))
    assert missing([flagged]) == [flagged]


def test_a_failure_shows_the_end_of_the_compilers_output_and_keeps_what_is_finished(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = part("one"), part("two")
    build([one])
    compiler(tmp_path, monkeypatch, "seq 1 100; echo 'undefined: x' >&2; exit 1")
    with pytest.raises(LabError) as error:
        build([one, two])
    assert "undefined: x" in str(error.value)
    assert "two.log" in str(error.value)
    assert len(str(error.value).splitlines()) < 20
    assert missing([one, two]) == [two]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_interrupted_is_taken_up_by_the_next(
    stop: signal.Signals, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-built is taken for whole, no lock is left, and Ctrl-C leaves no compiler behind."""
    compiler(tmp_path, monkeypatch, 'echo half > "$2"; echo $$ > "$FAKE_GO_CALLS.pid"; sleep 60')
    script = (
        "import signal; from pathlib import Path; from andel.lab import build as b;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a test run in the background ignores it
        "from andel.lab.toolchain import Toolchain; from tests.lab.test_build import part;"
        f"b.toolchain = lambda: Toolchain(Path({str(tmp_path / 'go')!r})); b.build([part('one')])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    noted = tmp_path / "calls.pid"
    while not (noted.exists() and noted.read_text()):
        time.sleep(0.02)
    run.send_signal(stop)
    run.wait(timeout=20)
    pid = int(noted.read_text())
    if stop is signal.SIGINT:
        assert not Path(f"/proc/{pid}").exists()
    else:
        os.kill(pid, signal.SIGKILL)  # the kernel ends only who was named
    assert missing([part("one")])

    compiler(tmp_path, monkeypatch, "")
    build([part("one")])
    assert (part("one").folder / "one").read_text() == "program\n"


def test_a_plan_is_shown_once_while_the_compiler_runs(calls: Path) -> None:
    shown: list[bool] = []
    build([part("one"), part("two")], while_building=lambda: shown.append(calls.exists()))
    assert len(shown) == 1


def test_a_full_disk_is_refused_before_anything_is_written(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDEL_LAB_LITTLE_DISK")
    monkeypatch.setattr(building, "DISK_NEEDED", 10**18)
    with pytest.raises(LabError, match="make room"):
        build([part("one")])
    assert not calls.exists()


def test_prune_removes_only_what_is_not_used(calls: Path) -> None:
    build([part("one")])
    (used := PARTS[0].folder).mkdir(parents=True)
    assert prune() == [part("one").folder]
    assert used.exists()


def test_old_go_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, good in (("go1.25.9", False), ("go1.26.0", True), ("go1.27rc1", True)):
        go = tmp_path / "go"
        go.write_text(f"#!/bin/sh\necho {version}\n")
        go.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        assert (find_go() == go) is good
