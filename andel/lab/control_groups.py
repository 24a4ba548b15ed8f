# SPDX-License-Identifier: MPL-2.0
"""Control groups of a lab's node: one tree of its own below each controller's root (cgroups(7), version 1 or 2)."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .errors import LabError

ROOT = Path("/sys/fs/cgroup")

CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "pids")
"""Those that the kubelet asks for (source: kubernetes v1.36.3, pkg/kubelet/cm/cgroup_manager_linux.go)."""

EMPTY_SECONDS = 15


def unified() -> bool:
    """Whether this machine has version 2 alone."""
    return (ROOT / "cgroup.controllers").exists()


def missing() -> list[str]:
    """Controllers that this machine doesn't have, or keeps from us."""
    if unified():
        wanted = ("cpu", "cpuset", "memory", "pids")
        there = (ROOT / "cgroup.subtree_control").read_text().split()
        return [name for name in wanted if name not in there]
    return [name for name in CONTROLLERS if not os.access(ROOT / name, os.W_OK)]


def _places(name: str) -> list[Path]:
    """The group in every hierarchy that the machine has."""
    if unified():
        return [ROOT / name]
    return [one / name for one in sorted(ROOT.iterdir()) if one.is_dir() and not one.is_symlink()]


def make(name: str, memory: int) -> None:
    """Make the group, with a limit on the memory of everything in it.

    Args:
        name: of the group.
        memory: bytes.
    """
    for place in _places(name):
        place.mkdir(exist_ok=True)
        if unified():
            (place / "cgroup.subtree_control").write_text("+cpu +cpuset +memory +pids")
            (place / "memory.max").write_text(str(memory))
    if not unified():
        (ROOT / "memory" / name / "memory.limit_in_bytes").write_text(str(memory))
        for setting in ("cpuset.cpus", "cpuset.mems"):
            (ROOT / "cpuset" / name / setting).write_text((ROOT / "cpuset" / setting).read_text())


def memory(name: str) -> int:
    """Bytes that the group takes without files that the kernel keeps at hand; 0 if there is no group."""
    place = ROOT / name if unified() else ROOT / "memory" / name
    if not (place / "memory.stat").exists():
        return 0
    lines = (line.split() for line in (place / "memory.stat").read_text().splitlines())
    counts = {key: int(value) for key, value in lines}
    return counts["anon"] + counts["shmem"] if unified() else counts["total_rss"] + counts["total_shmem"]


def remove(name: str) -> None:
    """End what is left in the group and remove it with all below it.

    Raises:
        LabError: a process in it doesn't end.
    """
    deadline = time.monotonic() + EMPTY_SECONDS
    while left := [group for place in _places(name) for group in _below(place)]:
        for group in left:
            for pid in _processes(group):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(OSError):
                group.rmdir()
        if time.monotonic() > deadline:
            raise LabError(f"the control group {left[-1]} can't be removed; see which processes its cgroup.procs names")
        time.sleep(0.05)


def _below(place: Path) -> Iterator[Path]:
    """A group and those below it, the deepest first."""
    if place.is_dir():
        for folder, _, _ in os.walk(place, topdown=False):
            yield Path(folder)


def _processes(group: Path) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in (group / "cgroup.procs").read_text().split() if one != "0"]
    return []
