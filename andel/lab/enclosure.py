# SPDX-License-Identifier: MPL-2.0
"""Linux namespaces of a lab's own, for a node: network, mounts and processes. What happens in them ends with them.

One process holds them and is their process number 1 (namespaces(7), pid_namespaces(7)). When it ends, the kernel ends
every process in them, container or not, and takes their mounts, interfaces, nftables tables and network namespaces
along. So a node that was killed leaves nothing behind on the machine but its cgroups.
"""

import ctypes
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .errors import LabError
from .processes import running

# Source: include/uapi/linux/sched.h, include/uapi/linux/mount.h.
_NEW = {"mnt": 0x00020000, "net": 0x40000000, "pid": 0x20000000}
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000

COVERED = ("/run", "/var/lib", "/var/log")
"""Folders that the node sees empty and as its own: sockets, device plugins and links to logs have fixed paths there."""

_libc = ctypes.CDLL(None, use_errno=True)


def opened(lab_folder: Path) -> Callable[[], None]:
    """What the first process of a new enclosure does before it becomes its program.

    Raises:
        LabError: the lab lies in a folder that the node would not see.
    """
    for covered in COVERED:
        if lab_folder.resolve().is_relative_to(covered):
            raise LabError(f"a lab with a node can't lie in {covered}; set XDG_STATE_HOME to another place")

    def open_it() -> None:
        _call("unshare", sum(_NEW.values()))
        _be_born()
        _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
        _mount("proc", "/proc", "proc")
        for folder in COVERED:
            _mount("andel", folder, "tmpfs")
        for folder in ("/run/netns", "/var/lib/kubelet", "/var/log/containers"):
            Path(folder).mkdir()

    return open_it


def inside(holder: Path, cwd: Path, *, process: bool = True) -> Callable[[], None]:
    """What a process does before it becomes its program, to run inside an enclosure.

    Args:
        holder: note of the process that holds it.
        cwd: folder to run in.
        process: whether it ends with the enclosure; a command that is waited for need not.

    Raises:
        LabError: nobody holds it.
    """
    pid = running(holder)
    if pid is None:
        raise LabError("the node doesn't run; run `andel lab up --node`")
    kinds = ("net", "pid", "mnt") if process else ("net", "mnt")

    def enter() -> None:
        # All are opened first: after the first step /proc may be another one.
        doors = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
        for door in doors:
            _call("setns", door, 0)
        if process:
            _be_born()
        os.chdir(cwd)

    return enter


def run(
    holder: Path, command: Sequence[str], environment: Mapping[str, str], cwd: Path, data: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in an enclosure's network and with its mounts. Its exit status is the caller's to judge.

    Raises:
        LabError: nobody holds the enclosure.
    """
    return subprocess.run(
        list(command),
        env=dict(environment),
        preexec_fn=inside(holder, cwd, process=False),
        input=data,
        capture_output=True,
        text=True,
    )


def _be_born() -> None:
    """Fork: a process stays in the process namespace that it was born in, and only its children are in the new one.

    The parent says on standard output which number the child has out here (`processes.start` reads it), and ends.
    """
    child = os.fork()
    if child:
        os.write(1, f"{child}\n".encode())
        os._exit(0)
    os.setsid()
    os.dup2(2, 1)


def _mount(source: str, target: str, kind: str | None, flags: int = 0) -> None:
    _call("mount", source.encode(), target.encode(), kind.encode() if kind else None, flags, None)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
