# SPDX-License-Identifier: MPL-2.0
"""Programs of Debian 12 that a node runs on: containerd, runc, CNI plugins, nftables, iproute2; and Redis for images.

They are unpacked into the cache and never installed. Versions and hashes stand in `debian/bookworm-amd64.txt`;
`apt-get` fetches them from wherever this machine gets its packages, with lists of its own: nothing on the
system changes.
"""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .errors import LabError
from .folders import cache_folder
from .parts import Part
from .toolchain import Toolchain

PINS = Path(__file__).parent / "debian" / "bookworm-amd64.txt"

LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
PROGRAMS = ("usr/sbin", "usr/bin", "sbin", "bin")


class Pinned(Part):
    """A part that is fetched as it is: the files that pin it decide whether it is still good."""

    def _fingerprint(self) -> str:
        content = hashlib.sha256()
        for file in self.inputs:
            content.update((Path(__file__).parent / file).read_bytes())
        return content.hexdigest()[:12]


def pins(file: Path = PINS) -> Iterator[tuple[str, str, str]]:
    """Name, version and SHA256 of every package of a file."""
    for line in file.read_text().splitlines():
        if line and not line.startswith("#"):
            name, version, checksum = line.split()
            yield name, version, checksum


def missing() -> str | None:
    """Why this machine can't have these packages; None if it can."""
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    if (release.get("ID"), release.get("VERSION_ID"), platform.machine()) != ("debian", "12", "x86_64"):
        return (
            f"{release.get('PRETTY_NAME', 'this system')} on {platform.machine()}; the packages are Debian 12's, amd64"
        )
    absent = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    return f"{', '.join(absent)} is not there" if absent else None


def unpack(file: Path, folder: Path) -> None:
    """Fetch the packages of a file, and unpack them into a folder as into a system's root.

    Raises:
        LabError: this machine can't have them, or they are not what the file says.
    """
    if reason := missing():
        raise LabError(f"Debian's packages can't be fetched: {reason}")
    apt = _apt()
    _run([*apt, "update"], folder, file)
    packages = folder / "packages"
    packages.mkdir()
    _run([*apt, "download", *(f"{name}={version}" for name, version, _ in pins(file))], packages, file)
    for name, version, checksum in pins(file):
        (package,) = packages.glob(f"{name}_*.deb")
        if hashlib.sha256(package.read_bytes()).hexdigest() != checksum:
            raise LabError(f"{name} {version} has another SHA256 than {file} says")
        _run(["dpkg-deb", "--extract", str(package), str(folder)], folder, file)
    shutil.rmtree(packages)


def _unpack(_: Toolchain, folder: Path) -> None:
    unpack(PINS, folder)


def _apt() -> list[str]:
    """`apt-get` with lists and caches of its own."""
    own = cache_folder() / "apt"
    for needed in ("lists/partial", "cache/archives/partial"):
        (own / needed).mkdir(parents=True, exist_ok=True)
    settings = {"Dir::State::Lists": own / "lists", "Dir::Cache": own / "cache", "APT::Sandbox::User": "root"}
    return ["apt-get", "--quiet", *(f"-o{name}={value}" for name, value in settings.items())]


def _run(command: list[str], folder: Path, pins: Path) -> None:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise LabError(f"{' '.join(command[:2])} did not end well; {pins} says what is wanted:\n{run.stderr[-800:]}")


DEBIAN = Pinned(name="debian", seconds=15, module="", finish=_unpack, inputs=("debian/bookworm-amd64.txt",))
"""The packages, unpacked into one folder as into a system's root."""


def program(name: str) -> Path:
    """A program of the packages.

    Raises:
        LabError: none of them has it.
    """
    for folder in PROGRAMS:
        if (found := DEBIAN.folder / folder / name).exists():
            return found
    raise LabError(f"none of Debian's packages has {name}; see {PINS}")


def environment() -> dict[str, str]:
    """Environment in which these programs find each other and their libraries."""
    folders = [str(DEBIAN.folder / folder) for folder in PROGRAMS]
    return {
        "PATH": os.pathsep.join([*folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
        "LD_LIBRARY_PATH": os.pathsep.join(str(DEBIAN.folder / folder) for folder in LIBRARIES),
    }
