# SPDX-License-Identifier: MPL-2.0
"""Values, changes and figures in words, the same in a comment and on a terminal."""

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from .changes import Change
from .masking import shown
from .properties import Property
from .report import Report, StackReport

LONGEST = 90
"""Characters shown of one value."""

BEFORE_IT = 30
"""Characters shown before the place where two long values begin to differ."""

LINES = 6
"""Lines shown of a text that changes."""

SIGNS = {"create": "+", "update": "~", "replace": "!", "delete": "-", "let go": "#"}
"""Marks of actions before a resource. `!` and `-` are coloured where differences are, in forges too; `#` is grey."""

TO_COME = {
    "create": "created",
    "update": "updated",
    "replace": "replaced: deleted and created anew",
    "delete": "deleted",
    "let go": "let go: it stays on the cluster, and no stack knows it any more",
}


REFUSES = "it is protected, so `up` refuses"
"""Of what leaves a stack and may not."""


def heading(change: Change) -> str:
    """A resource and what becomes of it, on one line."""
    told = f"{SIGNS[change.action]} {change.kind} {change.name}"
    notes = (
        TO_COME[change.action] if change.action == "let go" else "",
        change.why,
        "a chart: what is in it is not seen" if change.unseen else "",
        REFUSES if change.protected else "",
    )
    listed = "; ".join(filter(None, notes))
    return shown(one_line(f"{told} ({listed})" if listed else told))


def details(change: Change) -> Iterator[str]:
    """What differs, a line a property; of a text of many lines, the lines that do."""
    for one in change.properties:
        mark = " # can't be changed in place" if one.replaces else ""
        if _many_lines(one.before) and _many_lines(one.after):
            yield shown(one_line(f"    {one.path}:{mark}"))
            yield from (f"      {line}" for line in _lines(one))
        else:
            before, after = _at_difference(*_texts(one.before, one.after))
            yield shown(one_line(f"    {one.path}: {before} -> {after}{mark}"))


def _texts(before: Any, after: Any) -> tuple[str, str]:
    """Two values on a line each; a number and the text of it are told apart."""
    alike = text(before) == text(after) and type(before) is not type(after)
    old, new = (shown(json.dumps(one, ensure_ascii=False)) if alike else text(one) for one in (before, after))
    return old, new


def text(of: Any) -> str:
    """A value on one line."""
    if of is None:
        return "(none)"
    return one_line(shown(of if isinstance(of, str) and of else json.dumps(of, ensure_ascii=False)))


def _at_difference(before: str, after: str) -> tuple[str, str]:
    """Two texts, not endless: of long ones, the places where they differ."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    since = max(same - BEFORE_IT, 0) if same > BEFORE_IT else 0
    return _window(before, since), _window(after, since)


def _window(of: str, since: int) -> str:
    cut = of[since : since + LONGEST]
    return f"{'…' if since else ''}{cut}{'…' if since + LONGEST < len(of) else ''}"


def one_line(text: str) -> str:
    """A text that neither breaks the line nor steers a terminal."""
    return "".join(one if one.isprintable() else "\N{SYMBOL FOR NEWLINE}" if one == "\n" else " " for one in text)


def _many_lines(of: Any) -> bool:
    return isinstance(of, str) and "\n" in of.strip()


def _lines(one: Property) -> Iterator[str]:
    before, after = (shown(text).splitlines() for text in (one.before, one.after))
    # Two lines of names first; then what differs, each line behind its sign: it may begin with another one itself.
    found = [
        line for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:] if not line.startswith("@@")
    ]
    for line in found[:LINES]:
        cut = one_line(line)
        yield cut if len(cut) <= LONGEST else f"{cut[:LONGEST]}…"
    if len(found) > LINES:
        yield f"and {len(found) - LINES} more lines"
    if not found:
        yield "a secret in it, or how its lines end"


def lost(stack: StackReport) -> Iterator[str]:
    """What is lost by a change, or has to be done by hand; and what is protected, whether or not anything is lost."""
    for one in stack.changes:
        told = "; ".join(filter(None, (one.loss, REFUSES if one.protected else "")))
        if told:
            yield shown(f"{TO_COME[one.action].partition(':')[0]}: {one.kind} {one.name}: {told}")
    if stack.state == "gone":
        yield (
            f"the stack's file is gone, and its {stack.standing} objects are not: `pulumi destroy -s {stack.name}` "
            "with the base's file removes them"
        )


def replaced(stack: StackReport) -> Iterator[str]:
    """What is replaced, and why."""
    for one in stack.changes:
        if one.action == "replace":
            forced = [each.path for each in one.properties if each.replaces][:3]
            fixed = f"{', '.join(forced)} can't be changed in place" if forced else ""
            yield shown(one_line(f"{one.kind} {one.name}: {'; '.join(filter(None, (one.why, fixed)))}"))


def headline(report: Report) -> str:
    """What it comes to, in a sentence."""
    by_state = {state: [one.name for one in report.stacks if one.state == state] for state in STATES}
    told = [f"{words} {names(by_state[state])}" for state, words in STATES.items() if by_state[state]]
    return "; ".join(told) or "no stack can change by this"


MOST = 12
"""Names listed before the rest is counted."""


def names(every: Sequence[str]) -> str:
    """Names, the first of them in full."""
    more = f" and {len(every) - MOST} more" if len(every) > MOST else ""
    return ", ".join(every[:MOST]) + more


def others_alike(group: Sequence[StackReport]) -> str:
    """The stacks that change in the same way as the first of a group, in words; empty where there are none."""
    return f", and alike {names([one.name for one in group[1:]])}" if len(group) > 1 else ""


STATES = {
    "refused": "refused:",
    "changed": "changed:",
    "new": "new:",
    "gone": "file gone:",
    "unknown before": "refused before:",
}
"""States that are told; stacks that stay as they are, are counted."""


def unchanged(report: Report) -> int:
    """Stacks that stay as they are: built and found equal, or out of reach of what differs."""
    return report.untouched + sum(one.state == "unchanged" for one in report.stacks)
