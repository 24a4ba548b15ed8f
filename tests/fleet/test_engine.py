# SPDX-License-Identifier: MPL-2.0
"""An engine is told to stop once, whenever the word comes: told twice, it drops what it does."""

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.errors import CommandError

from andel.fleet.engine import Engine

ENGINE = """#!/bin/sh
case "$1" in version) echo v3.216.0; exit;; esac
trap 'echo told >> told' INT
echo began > began
for tick in 1 2 3 4 5 6 7 8; do sleep 0.25; if [ -s told ]; then sleep 0.5; exit 130; fi; done
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that ends soon after it was told to, and notes how often."""
    (tmp_path / "pulumi").write_text(ENGINE)
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Engine()


def test_a_word_that_comes_while_an_engine_is_being_started_reaches_it(
    started: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(subprocess.Popen[str]):
        """One whose start is overtaken by the word to stop."""

        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            while not (tmp_path / "began").exists():
                time.sleep(0.01)
            started.stop()

    monkeypatch.setattr("andel.fleet.engine.subprocess.Popen", Slow)
    with pytest.raises(CommandError):
        started.run(["preview"], str(tmp_path), {})
    assert (tmp_path / "told").read_text().split() == ["told"]


def test_an_engine_is_told_once_however_often_the_word_comes(started: Engine, tmp_path: Path) -> None:
    def words() -> None:
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        for _ in range(3):
            started.stop()
            time.sleep(0.05)

    speaker = threading.Thread(target=words)
    speaker.start()
    with pytest.raises(CommandError):
        started.run(["preview"], str(tmp_path), {})
    speaker.join()
    assert (tmp_path / "told").read_text().split() == ["told"]


def test_nothing_is_begun_after_the_word(started: Engine, tmp_path: Path) -> None:
    started.stop()
    with pytest.raises(CommandError, match="stopped before it began"):
        started.run(["preview"], str(tmp_path), {})
    assert not (tmp_path / "began").exists()
