# SPDX-License-Identifier: MPL-2.0
"""Which engine of ours is at which stack, so that a lock which a killed run left is known for what it is.

A note holds an engine's process id, the time at which that process started and the boot which this time counts from.
Only with all three is it certain that a process is gone: ids are given out again.
"""

import ctypes
import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

PARENT_DEATH = 1
"""`PR_SET_PDEATHSIG` (source: Linux, include/uapi/linux/prctl.h)."""

LOCK = re.compile(r"created by .*@(?P<host>\S+) \(pid (?P<pid>\d+)\) at ")
"""A lock in the words of the engine (source: pulumi, pkg/backend/diy/lock.go at v3.216.0, `checkForLock`)."""


@dataclass(frozen=True)
class Holder:
    """An engine at a stack."""

    host: str
    pid: int
    started: int | None
    """None, if it was gone already when it was noted."""

    boot: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        if self.host != socket.gethostname():
            return True
        return self.started is not None and _boot() == self.boot and _started(self.pid) == self.started

    def explains(self, refusal: str) -> bool:
        """Whether all locks that an engine complains of are this one's, and it is gone.

        Args:
            refusal: what the engine said.
        """
        holders = list(holders_of(refusal))
        return bool(holders) and not self.alive and all(one == (self.host, self.pid) for one in holders)


@dataclass(frozen=True)
class Note:
    """The note about one stack."""

    file: Path
    """Where it is; there is none while nobody is at the stack."""

    def read(self) -> Holder | None:
        """Who was at the stack and didn't end by itself, or still is."""
        try:
            return Holder(**json.loads(self.file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, holder: Holder) -> None:
        """Somebody is at the stack."""
        beside = self.file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        beside.replace(self.file)

    def erase(self) -> None:
        """The engine has ended by itself, and left no lock."""
        self.file.unlink(missing_ok=True)


def holder(pid: int) -> Holder:
    """A process of this machine, as the holder of a lock."""
    return Holder(socket.gethostname(), pid, _started(pid), _boot())


def holders_of(refusal: str) -> Iterator[tuple[str, int]]:
    """Host and process id of who holds each lock."""
    for found in LOCK.finditer(refusal):
        yield found["host"], int(found["pid"])


def ends_with_parent(how: int = signal.SIGTERM) -> None:
    """Ask the kernel to tell this process when the one that started it is gone, however it went."""
    ctypes.CDLL(None).prctl(PARENT_DEATH, how)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot; None for one that is not there or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
