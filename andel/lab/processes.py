# SPDX-License-Identifier: MPL-2.0
"""Long-running processes of a lab: started apart from the caller, remembered, and ended exactly.

A process is remembered by its id, the time at which it started (Linux: /proc/<pid>/stat) and the boot that this time
counts from, so that an id which the kernel gave to somebody else in the meantime is never ended.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import urllib3

from .errors import LabError, tail
from .files import write_private

FOLDER = "ANDEL_LAB_FOLDER"
"""Environment variable of every process that is started here: its folder. Nothing else sets it."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A program that runs in the background, with a log and a note of its id in one folder."""

    name: str
    """Name of its files: `<name>.log`, `<name>.pid`."""

    command: Sequence[str]
    """Program and arguments. No secret may stand in them: everybody can read them."""

    folder: Path
    """Where its files are."""

    environment: Mapping[str, str]
    """Its environment, whole but for `FOLDER`."""

    enter: Callable[[], None] | None = None
    """What it does before it becomes its program, to run in namespaces of its own (`enclosure`)."""

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.folder / f"{self.name}.log"

    @property
    def note(self) -> Path:
        """Its id, start time and command line."""
        return self.folder / f"{self.name}.pid"


def start(process: Process) -> bool:
    """Start a process unless it runs already with the same command; one with another command is ended first.

    Returns:
        Whether it was started now.
    """
    if running(process.note):
        if json.loads(process.note.read_text())["command"] == list(process.command):
            return False
        stop(process.note)
    process.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(process.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
        child = subprocess.Popen(
            list(process.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if process.enter else log,
            stderr=log,
            env={**process.environment, FOLDER: str(process.folder)},
            cwd=process.folder,
            start_new_session=True,
            preexec_fn=process.enter,
        )
    pid = _born(child) if process.enter else child.pid
    child.returncode = 0  # it outlives this run, so the object must not complain that nobody waited
    _remember(process.note, pid, process.command)
    return True


def _born(child: subprocess.Popen[bytes]) -> int:
    """The id of the process that a child made in another process namespace, and left there."""
    answer, _ = child.communicate()
    return int(answer)


def running(note: Path) -> int | None:
    """The id of the process of a note, if it still runs."""
    try:
        content = json.loads(note.read_text())
        pid, started, boot = int(content["pid"]), int(content["started"]), content["boot"]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return pid if boot == _boot() and _started(pid) == started else None


def stop(note: Path, patience: float = 15) -> None:
    """End the process of a note: ask, wait, then insist. Nothing else is touched."""
    deadline, sent, last = time.monotonic() + patience, signal.SIGTERM, None
    while (pid := running(note)) is not None:
        last = pid
        with suppress(ProcessLookupError):
            os.kill(pid, sent)
        if time.monotonic() > deadline:
            sent = signal.SIGKILL
        time.sleep(0.05)
    if last:
        with suppress(ChildProcessError):  # it was started by another run, as a rule
            os.waitpid(last, os.WNOHANG)
    note.unlink(missing_ok=True)


def stop_strays(folder: Path, programs: Collection[str] = ()) -> None:
    """End the processes of a folder that have no note in it: who started them was killed before it could write one.

    Args:
        folder: the folder.
        programs: file names of programs to end; all, if there are none. What those start may be theirs to end.
    """
    noted = {running(note) for note in folder.glob("*.pid")}
    mark = f"{FOLDER}={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark in (process / "environ").read_bytes().split(b"\0")
            marked = marked and (not programs or (process / "exe").readlink().name in programs)
        except OSError:
            continue  # it ended, or is somebody else's
        if marked and int(process.name) not in noted:
            note = folder / f"stray-{process.name}.pid"
            _remember(note, int(process.name), ())
            stop(note, patience=3)


def await_page(process: Process, address: str, seconds: float) -> None:
    """Wait until a process answers an address with 200.

    Raises:
        LabError: it ends by itself (with the end of its log), or doesn't answer in time.
    """
    pool = urllib3.PoolManager(retries=False)
    deadline = time.monotonic() + seconds
    while True:
        if running(process.note) is None:
            raise ended(process)
        with suppress(urllib3.exceptions.HTTPError):
            if pool.request("GET", address, timeout=2).status == 200:
                return
        if time.monotonic() > deadline:
            raise LabError(f"{process.name} is not ready after {seconds:.0f} s; see {process.log}")
        time.sleep(0.2)


def ended(process: Process) -> LabError:
    """The error of a process that should run and doesn't."""
    return LabError(f"{process.name} ended by itself; it wrote:\n{tail(process.log)}")


def memory(note: Path) -> int:
    """Memory of the process of a note in bytes, pages that it shares divided among the sharers; 0 if it doesn't run."""
    pid = running(note)
    if pid is None:
        return 0
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on. All are held until the last is found, so they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _remember(note: Path, pid: int, command: Sequence[str]) -> None:
    content = {"pid": pid, "started": _started(pid), "boot": _boot(), "command": list(command)}
    write_private(note, json.dumps(content))


def _boot() -> str:
    """Which boot of the machine this is."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot; None for one that is not there or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])
