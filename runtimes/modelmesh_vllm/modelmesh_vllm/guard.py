# SPDX-License-Identifier: MPL-2.0
"""Stands between the runtime and an engine, so that no engine outlives the runtime: `guard.py GRACE PARENT WORD…`.

It leads a session of its own, in which the engine and all that the engine starts live; orphans among them become its
children. When it is asked to end, when the runtime dies in whatever way (Linux says so by a signal) or when the engine
ends, it ends all of them: asks, waits `GRACE` seconds, insists. Run as a file, with the standard library alone: it
costs few megabytes an engine.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class _Asked(Exception):
    """The end was asked for."""


def _asked(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Asked


def members() -> list[int]:
    """Processes below this one, but those that have ended: orphans come to it, so its descendants are all there are."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(status.parent.name)] = int(parent)
    found: list[int] = []
    level = {os.getpid()}
    while level := {pid for pid, parent in parents.items() if parent in level}:
        found += level
    return found


def end_all(grace: float) -> None:
    """End what is left, and wait until it is gone."""
    deadline, sent = time.monotonic() + grace, signal.SIGTERM
    asked: set[int] = set()
    while left := members():
        if time.monotonic() > deadline:
            sent = signal.SIGKILL
        for pid in left:
            if pid not in asked or sent is signal.SIGKILL:
                asked.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, sent)
        _reap()
        time.sleep(0.02)
    _reap()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> int:
    """Run the engine; its exit status is ours."""
    grace, parent, words = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGTERM, _asked)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_PDEATHSIG, signal.SIGTERM), (PR_SET_CHILD_SUBREAPER, 1)):
        if process.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    status = 0
    try:
        if os.getppid() != parent:  # it died before the kernel was told
            return 1
        engine = os.posix_spawnp(words[0], words, os.environ, setsigdef=[signal.SIGTERM, signal.SIGINT])
        while True:
            pid, ended = os.wait()
            if pid == engine:
                status = os.waitstatus_to_exitcode(ended)
                break
    except _Asked:
        pass
    end_all(grace)
    return status if 0 <= status < 256 else 1


if __name__ == "__main__":
    sys.exit(main())
