# SPDX-License-Identifier: MPL-2.0
"""Where processor time goes: seconds by program, of all that a process starts, by looking every few milliseconds.

What ends between two looks takes a few milliseconds of its last share with it.
"""

import os
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from andel.fleet.budget import descendants

EVERY = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


class Shares:
    """Processor seconds and largest memory of all descendants of a process, by program, while it is entered."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._seen: dict[tuple[int, int], tuple[str, float]] = {}
        self._before: dict[tuple[int, int], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.memory = 0
        """Most bytes of anonymous memory that all of them had at once."""

    def __enter__(self) -> "Shares":
        self._look_once()
        self._before = {process: seconds for process, (_, seconds) in self._seen.items()}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seconds(self) -> dict[str, float]:
        """Processor seconds by program, without what was spent before."""
        counted: Counter[str] = Counter()
        for process, (program, seconds) in self._seen.items():
            counted[program] += seconds - self._before.get(process, 0)  # type: ignore[assignment]
        return {program: round(seconds, 2) for program, seconds in counted.most_common()}

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self._look_once()

    def _look_once(self) -> None:
        memory = 0
        for pid in descendants(self._root):
            with suppress(OSError, ValueError, IndexError):
                memory += self._note(pid)
        self.memory = max(self.memory, memory)

    def _note(self, pid: int) -> int:
        text = Path(f"/proc/{pid}/stat").read_text()
        fields = text.rsplit(")", 1)[1].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        self._seen[pid, int(fields[19])] = program(command), (int(fields[11]) + int(fields[12])) / TICKS
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def program(command: list[bytes]) -> str:
    """What a process runs: for scripts, the script."""
    words = [word.decode(errors="replace") for word in command if word]
    script = next((word for word in words[1:2] if "/" in word), None)
    return Path(script if script and "python" in words[0] else words[0]).name
