# SPDX-License-Identifier: MPL-2.0
"""Processes that see a file system and names as their container would: folders in place, hosts of the lab, no root.

They see the machine's own root beneath, read through an overlay that ends with them (mount_namespaces(7)): nothing is
written on the machine but in the folders that are given to them.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from andel.lab.processes import Process

USER = 1000
ROOT = "/mnt/root"
"""Where a process' root is made, within its own mounts."""


@dataclass(frozen=True)
class Place:
    """What a process sees beside the machine."""

    folder: Path
    """Its own folder: logs and notes, and nothing that it reads."""

    hosts: Mapping[str, str]
    """Addresses by name; it knows no others, and there is nobody to ask."""

    seen: Mapping[str, Path]
    """Folders by the path at which it sees them."""

    def process(self, name: str, words: Sequence[str], environment: Mapping[str, str]) -> Process:
        """A process that goes on."""
        return Process(name=name, command=self._entered(words), folder=self.folder, environment=environment)

    def run(self, words: Sequence[str], environment: Mapping[str, str]) -> str:
        """Run a command to its end; what it prints.

        Raises:
            AssertionError: it fails, with what it printed.
        """
        run = subprocess.run(self._entered(words), env=dict(environment), capture_output=True, text=True, timeout=240)
        assert run.returncode == 0, f"{words[0]}:\n{run.stdout[-3000:]}{run.stderr[-3000:]}"
        return run.stdout

    def _entered(self, words: Sequence[str]) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        known = "".join(f"{address} {name}\n" for name, address in self.hosts.items())
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n{known}")
        steps = [
            "mount -t tmpfs -o mode=755 andel /mnt",
            f"mkdir /mnt/upper /mnt/work {ROOT}",
            f"mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work andel {ROOT}",
            f"mount --rbind /proc {ROOT}/proc",
            f"mount --rbind /dev {ROOT}/dev",
            f"mount --bind {shlex.quote(str(self.folder / 'hosts'))} {ROOT}/etc/hosts",
            # No server of names: what isn't in the list above doesn't exist.
            f"rm -f {ROOT}/etc/resolv.conf",
        ]
        for target, source in self.seen.items():
            place = shlex.quote(f"{ROOT}{target}")
            steps += [f"mkdir -p {place}", f"mount --bind {shlex.quote(str(source))} {place}"]
        steps.append(f"exec /usr/sbin/chroot --userspec={USER}:{USER} --groups= {ROOT} {shlex.join(words)}")
        return ["unshare", "--mount", "sh", "-c", " && ".join(steps)]


def owned(folder: Path) -> Path:
    """A folder in which such a process may write."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, USER, USER)
    return folder


def given(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with files that such a process, and no other user, may read."""
    owned(folder)
    for name, content in files.items():
        file = folder / name
        file.write_text(content)
        file.chmod(0o400)
        os.chown(file, USER, USER)
    return folder
