# SPDX-License-Identifier: MPL-2.0
"""How many stacks run at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from andel.fleet import budget
from andel.fleet.command import Memory, command

GIB = 1 << 30


def test_memory_holds_stacks_back_and_cores_do() -> None:
    assert budget.at_once(4 * GIB, GIB, cores=64) == 4
    assert budget.at_once(400 * GIB, GIB, cores=2) == 3
    assert budget.at_once(400 * GIB, GIB, cores=2, asked=12) == 12
    assert budget.at_once(4 * GIB, GIB, cores=2, asked=12) == 4


def test_one_always_may_run() -> None:
    assert budget.at_once(0, GIB, cores=1) == 1


def test_what_a_process_and_its_children_take_is_counted_together() -> None:
    block = 64 << 20
    program = f"import sys; kept = bytearray(b'x') * {block}; print('made', flush=True); sys.stdin.read()"
    shell = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    with subprocess.Popen([sys.executable, "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        assert block < budget.taken(process.pid) < 3 * block
        process.stdin.close()


def test_what_has_ended_takes_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert budget.taken(process.pid) == 0


def test_something_is_free_on_this_machine() -> None:
    assert 0 < budget.free() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group without bounds."""
    monkeypatch.setattr(budget, "GROUP", tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text(f"{300 << 20}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {200 << 20}\nactive_file 3\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    return tmp_path


def test_files_that_a_container_has_read_leave_room(group: Path) -> None:
    unbounded = budget.free()
    (group / "memory.max").write_text(f"{400 << 20}\n")
    assert budget.free() == 300 << 20 < unbounded


def test_a_container_has_as_many_cores_as_it_is_given_time(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert budget.cores() == 64
    (group / "cpu.max").write_text("250000 100000\n")
    assert budget.cores() == 2
    (group / "cpu.max").write_text("20000 100000\n")
    assert budget.cores() == 1


def test_memory_is_typed_as_everywhere() -> None:
    assert Memory().convert("1.5Gi", None, None) == 3 * GIB // 2


@pytest.mark.parametrize("written", ["4096", "a lot", "-1Gi"])
def test_what_is_no_memory_is_refused_before_anything_is_begun(written: str) -> None:
    ran = CliRunner().invoke(command, ["up", "dev", "--memory", written])
    assert ran.exit_code == 2
    assert "write it as 4Gi" in ran.output
