# SPDX-License-Identifier: MPL-2.0
"""How many stacks run at once: as many as memory and cores allow. Sizes are in bytes.

What a stack takes is measured while it runs (the anonymous memory of its worker, of the engine and of its providers,
`/proc/<pid>/status`); before the first has run, it is what `bench/fleet` measured.
"""

import os
from contextlib import suppress
from pathlib import Path

MIB = 1 << 20

NEED = 400 * MIB
"""Memory that a stack takes at most, before one has run (bench/fleet: worker, engine and both providers)."""

KEPT = 0.5
"""Share of what is free that a fleet takes by itself: other runs live there too."""

GROUP = Path("/sys/fs/cgroup")
"""The control group of a container, as it sees it (source: Linux, Documentation/admin-guide/cgroup-v2.rst)."""

STACKS_PER_CORE = 1.5
"""A stack computes for most of its time: more at once make each of them slower, and none of them earlier."""


def free() -> int:
    """Memory that could be taken now: the machine's, or what is left to the control group, whichever is less."""
    found = [int(line.split()[1]) * 1024 for line in _lines(Path("/proc/meminfo")) if line.startswith("MemAvailable")]
    with suppress(OSError, ValueError):  # "max", or an older kind of control group
        most, now = (int((GROUP / file).read_text()) for file in ("memory.max", "memory.current"))
        idle = sum(int(line.split()[1]) for line in _lines(GROUP / "memory.stat") if line.startswith("inactive_file "))
        found.append(most - now + idle)  # files that nobody reads make room
    return max(0, min(found, default=2 * NEED))


def at_once(memory: int, need: int, cores: int, asked: int | None = None) -> int:
    """Stacks that run at once; one always may.

    Args:
        memory: that all of them may take together.
        need: what one of them takes.
        cores: of the machine.
        asked: that there be no more than these.
    """
    by_memory = memory // max(1, need)
    by_cores = asked if asked is not None else round(cores * STACKS_PER_CORE)
    return max(1, min(by_memory, by_cores))


def cores() -> int:
    """Cores that this process may use: the machine's, or as much time as is given to the control group."""
    found = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):  # "max", or an older kind of control group
        quota, period = map(int, (GROUP / "cpu.max").read_text().split())
        found = min(found, max(1, round(quota / period)))
    return found


def taken(pid: int) -> int:
    """Anonymous memory of a process and all its descendants."""
    return sum(
        int(line.split()[1]) * 1024
        for one in (pid, *descendants(pid))
        for line in _lines(Path(f"/proc/{one}/status"))
        if line.startswith("RssAnon")
    )


def descendants(pid: int) -> list[int]:
    """All that a process has started, and what those have; nothing of one that ends while it is looked at."""
    children = [int(child) for task in _tasks(pid) for line in _lines(task / "children") for child in line.split()]
    return [one for child in children for one in (child, *descendants(child))]


def _tasks(pid: int) -> list[Path]:
    """Its threads; none if it has ended, be it while it is looked at."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _lines(file: Path) -> list[str]:
    """Lines of a file of the kernel's; none if the process has ended."""
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
