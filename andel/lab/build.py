# SPDX-License-Identifier: MPL-2.0
"""Building what is missing. Killed anywhere, the next run goes on: finished parts are kept whole, Go keeps the rest.

A part is built beside its folder and gets its name at the end, so a folder that is there is complete.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .errors import LabError, tail
from .folders import cache_folder
from .lock import alone
from .parts import PARTS, Part, missing
from .progress import Progress
from .toolchain import MODULES, Toolchain, toolchain

DISK_NEEDED = 6 * 10**9
"""Bytes that a cold build writes at most: caches of the compiler, modules and parts (measured: 5.2 GB)."""


def build(parts: Iterable[Part] = PARTS, while_building: Callable[[], None] = lambda: None) -> None:
    """Build the parts that are missing, one after the other.

    Args:
        parts: what is needed.
        while_building: called once, when the first compiler runs: there is time to show something.

    Raises:
        LabError: a part does not build (with the end of the compiler's output), or the disk is too full.
    """
    parts = tuple(parts)
    if not missing(parts):
        return
    with alone(cache_folder() / "build.lock", "another build is running; waiting for it"):
        todo = missing(parts)  # another run may have built them in the meantime
        _refuse_full_disk()
        with Progress([(part.name, part.seconds) for part in todo]) as progress:
            go = toolchain()
            for part in todo:
                progress.begin()
                _build(part, go, progress, while_building)
                if part.package:
                    while_building = _nothing
                progress.end()


def prune() -> list[Path]:
    """Remove builds that this version of the lab doesn't use.

    Returns:
        The folders that are gone.
    """
    from .chat_parts import CHAT_PARTS
    from .litellm import LITELLM
    from .live_parts import LIVE_PARTS
    from .node_parts import IMAGE_PARTS, NODE_PARTS

    used = {part.folder for part in (*PARTS, *LIVE_PARTS, *NODE_PARTS, *IMAGE_PARTS, *CHAT_PARTS, LITELLM)}
    old = [folder for folder in (cache_folder() / "parts").glob("*") if folder not in used]
    for folder in old:
        shutil.rmtree(folder)
    return old


def _nothing() -> None:
    """There is nothing more to show."""


def _build(part: Part, go: Toolchain, progress: Progress, while_building: Callable[[], None]) -> None:
    beside = part.folder.with_suffix(".partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    if part.package:
        command = [str(go.go), "build", *part.flags, "-o", str(beside / part.program), part.package]
        _compile(
            command, MODULES / part.module, go, cache_folder() / "logs" / f"{part.name}.log", progress, while_building
        )
    if part.finish:
        part.finish(go, beside)
    beside.replace(part.folder)


def _compile(
    command: list[str], module: Path, go: Toolchain, log: Path, progress: Progress, while_building: Callable[[], None]
) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=module, env=go.environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        while_building()
        while child.poll() is None:
            progress.tick()
            time.sleep(0.2)
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    if child.returncode:
        raise LabError(f"{module.name} does not build ({Path(command[-1]).name}):\n{tail(log)}")


def _refuse_full_disk() -> None:
    free = shutil.disk_usage(cache_folder()).free
    if free < DISK_NEEDED and not os.environ.get("ANDEL_LAB_LITTLE_DISK"):
        raise LabError(
            f"{cache_folder()} has {free / 10**9:.1f} GB free and a build may write {DISK_NEEDED / 10**9:.0f} GB;"
            " make room, set XDG_CACHE_HOME to a larger disk, or set ANDEL_LAB_LITTLE_DISK=1 to try"
        )
