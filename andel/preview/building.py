# SPDX-License-Identifier: MPL-2.0
"""Both revisions built, each by its own code in a process of its own, without credentials of anything."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from .masking import Masks, plain, secrets, shown
from .pairing import place
from .revisions import Revision
from .stacks import Stack

INSIDE = Path(__file__).with_name("inside.py")

SECONDS = 600
"""After which a revision's program is given up: it waits for something that will never come."""

MOST = 4000
"""Characters told of an error, its last ones."""

Told = Callable[[str], None]
"""Hears what is done."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A stack at a revision."""

    mistakes: tuple[dict[str, Any], ...] = ()
    """Why its config is refused, as `andel check --json` of the revision tells it."""

    error: str = ""
    """Why its program failed."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every resource by its URN without the stack; secrets masked."""

    contract: dict[str, Any] = field(default_factory=dict)
    """What a platform tells municipalities."""

    prices: dict[str, Any] = field(default_factory=dict)
    """What a platform costs."""

    capacity: dict[str, Any] = field(default_factory=dict)
    """What `andel capacity --json` of the revision says of a platform."""

    @property
    def refused(self) -> bool:
        """Whether there is nothing to compare."""
        return bool(self.mistakes or self.error)


def build(sides: Sequence[tuple[Revision, Sequence[Stack]]], told: Told) -> list[dict[str, Built]]:
    """Build stacks of revisions, all revisions at once.

    Returns:
        for each revision its stacks by their files.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(sides))) as workers:
        answers = list(workers.map(lambda side: list(_answers(side[0], side[1], told)), sides))
    # A secret that one stack knows is a secret in every other one too, and at the other revision.
    made = [answer.get(kept, []) for side in answers for answer in side for kept in ("resources", "recorded")]
    masks = Masks(secrets(made))
    return [{answer["stack"]: _built(answer, masks) for answer in side} for side in answers]


def _answers(revision: Revision, stacks: Sequence[Stack], told: Told) -> Iterator[dict[str, Any]]:
    """What the process inside a revision answers, stack by stack."""
    if not stacks:
        return
    left = {stack.file: stack.name for stack in stacks}
    with tempfile.TemporaryDirectory(prefix="andel-preview-") as home, tempfile.TemporaryFile() as errors:
        job = json.dumps({"stacks": [stack.job() for stack in stacks]})
        started = [sys.executable, "-P", "-B", str(INSIDE), str(revision.folder)]
        # By a file: a pipe that nobody reads while the job is written would hold both.
        at = Path(home) / "job"
        at.write_text(job, encoding="utf-8")
        with (
            at.open() as asked,
            subprocess.Popen(
                started, stdin=asked, stdout=subprocess.PIPE, stderr=errors, env=surroundings(home), text=True
            ) as process,
        ):
            late = Timer(SECONDS, process.kill)
            late.start()
            try:
                for line in process.stdout or ():
                    if line.endswith("\n"):  # else it was killed as it wrote
                        answer = json.loads(line.replace(f"{revision.folder}/", ""))
                        told(f"{revision.name}: {left.pop(answer['stack'])}")
                        yield answer
            except BaseException:
                process.kill()
                raise
            finally:
                late.cancel()
        errors.seek(0)
        ended = errors.read().decode(errors="replace").replace(f"{revision.folder}/", "")
    for file in left:
        yield {"stack": file, "error": f"{ended}\n{_how(process.returncode)}"}


def _how(status: int) -> str:
    """How a process ended before it had answered for all of its stacks."""
    return f"it was given up, or killed: it has {SECONDS} seconds" if status < 0 else f"its process ended with {status}"


def surroundings(home: str) -> dict[str, str]:
    """Environment of the process: no kubeconfig, no token, no home. What it wants to keep, it loses."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PYTHONUTF8": "1"}


def _built(answer: dict[str, Any], masks: Masks) -> Built:
    def clean(value: Any) -> Any:
        return masks.value(plain(value))

    def mapping(value: Any) -> dict[str, Any]:
        return clean(value) if isinstance(value, dict) else {}  # a revision's code may say anything

    outputs = mapping(answer.get("outputs"))
    return Built(
        mistakes=tuple(clean(answer.get("mistakes") or [])),
        error=shown(clean(answer.get("error") or ""))[-MOST:],  # masked first: half a secret is known to nobody
        resources={place(one["urn"]): one for one in map(clean, answer.get("resources", []))},
        contract=mapping(outputs.get("contract")),
        prices=mapping(outputs.get("prices")),
        capacity=mapping(answer.get("capacity")),
    )
