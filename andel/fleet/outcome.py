# SPDX-License-Identifier: MPL-2.0
"""What became of each stack of a fleet, and what that makes of the whole."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from andel.tables import table


class State(StrEnum):
    """How it went for a stack."""

    UNCHANGED = "unchanged"
    """It was as its file says; or it was never made, and nothing had to be done."""

    CHANGED = "changed"
    """It was changed; after a preview: it would be."""

    FAILED = "failed"
    """It was begun and didn't end well."""

    LOCKED = "locked"
    """Somebody else is at it, or left a lock that isn't provably ours to break."""

    INTERRUPTED = "interrupted"
    """It was begun, and stopped at our word."""

    LEFT = "left"
    """It had no turn: the fleet stopped before."""


GOOD = (State.UNCHANGED, State.CHANGED)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one stack."""

    slug: str
    """Whose it is."""

    state: State
    """How it went."""

    wave: int
    """The wave in which its turn was, from 1; 0 of one whose file was refused."""

    changes: dict[str, int] = field(default_factory=dict)
    """Resources by what was done to them: `create`, `update`, `replace`, `delete`, `same` (words of the engine)."""

    touched: tuple[str, ...] = ()
    """Resources that were not left as they are, as `update kubernetes:core/v1:Secret key-journal-1`."""

    seconds: float = 0
    """From its beginning to its end."""

    memory: int = 0
    """Most bytes that it took."""

    message: str = ""
    """Why it didn't go well."""

    resumed: bool = False
    """Whether a run of ours was killed at it before, and this one took it up."""


@dataclass(frozen=True)
class Row:
    """An outcome, for a table."""

    municipality: str
    wave: int
    state: str
    created: int
    updated: int
    replaced: int
    deleted: int
    same: int
    seconds: float
    MiB: int
    note: str


def exit_code(outcomes: Sequence[Outcome], *, stopped: bool = False) -> int:
    """The exit status of the whole.

    Args:
        outcomes: of all stacks.
        stopped: whether somebody said to stop.

    Returns:
        0: all is well. 1: some failed, were locked or had no turn. 130: that, because somebody said to stop (128 +
        SIGINT, as shells say it).
    """
    states = {one.state for one in outcomes}
    if stopped and not states <= set(GOOD):
        return 130
    return 0 if states <= set(GOOD) else 1


def report(verb: str, environment: str, outcomes: Sequence[Outcome], seconds: float, at_once: int) -> str:
    """All of it as JSON, for scripts."""
    whole = {
        "verb": verb,
        "environment": environment,
        "seconds": round(seconds, 2),
        "atOnce": at_once,
        "states": {state: sum(one.state is state for one in outcomes) for state in State},
        "stacks": [asdict(one) for one in outcomes],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


def show(verb: str, environment: str, outcomes: Sequence[Outcome], seconds: float, at_once: int) -> None:
    """One table at the end, and one sentence about those that had no turn."""
    table(f"fleet {verb} of {environment}", [row(one) for one in outcomes])
    print(sentence(verb, outcomes, seconds, at_once))  # noqa: T201
    if left := [one.slug for one in outcomes if one.state is State.LEFT]:
        print(f"left as they were: {', '.join(left)}")  # noqa: T201


def sentence(verb: str, outcomes: Sequence[Outcome], seconds: float, at_once: int) -> str:
    """How many of which, and how long it took."""
    counted = {state: sum(one.state is state for one in outcomes) for state in State}
    said = ", ".join(f"{count} {state}" for state, count in counted.items() if count)
    return f"{verb}: {said or 'nobody is concerned'}; {seconds:.0f} s, {at_once} at once"


def row(one: Outcome) -> Row:
    """An outcome as a row."""
    counted = one.changes
    first = one.message.strip().splitlines()
    return Row(
        one.slug,
        one.wave,
        one.state,
        counted.get("create", 0),
        counted.get("update", 0),
        counted.get("replace", 0),
        counted.get("delete", 0),
        counted.get("same", 0),
        round(one.seconds, 1),
        one.memory >> 20,
        ("taken up; " if one.resumed else "") + (first[0][:60] if first else ""),
    )
