# SPDX-License-Identifier: MPL-2.0
"""The comment on a pull request: one that is found again by its first line, and fits into what a forge accepts."""

import re
from collections.abc import Iterable, Iterator

from . import figures
from .changes import Action
from .effects import Effect
from .fitting import Section, fitted
from .forge import code, escaped, fence, folded, table
from .report import Report, StackReport
from .words import details, heading, headline, lost, names, one_line, others_alike, replaced, unchanged

MARKER = "<!-- andel preview -->"
"""First line of the comment: by it the next run finds the comment that it changes."""

MOST = 12
"""Rows shown before the rest is folded."""

COLUMNS: tuple[Action, ...] = ("create", "update", "replace", "delete", "let go")
"""Actions as they are counted, from the harmless one on; what is let go is deleted nowhere."""

LAST = (
    "<sub>Desired state against desired state, built from both revisions without a cluster; secrets are masked. "
    "What this sees and what it doesn't: docs/preview.md</sub>"
)


def markdown(report: Report) -> str:
    """The comment. It is as long as a forge accepts at most, and says what was left out."""
    return fitted(list(_sections(report)))


def _sections(report: Report) -> Iterator[Section]:
    yield Section(f"{MARKER}\n## What this change does\n\n{_summary(report)}")
    yield from _called_out(report)
    for name, effect in report.effects.items():
        of = f" on {code(name)}" if len(report.effects) > 1 else ""
        yield from (_prices(effect, of), _quotas(effect, of), _capacity(effect, of))
    yield from map(_resources, report.alike)
    yield Section(LAST)


def _summary(report: Report) -> str:
    rest = unchanged(report)
    stay = {0: "", 1: " One other stack stays as it is."}.get(rest, f" {rest} other stacks stay as they are.")
    text = f"{code(short(report.base))} → {code(short(report.head))}: **{headline(report)}**.{stay}"
    text += "".join(f"\n\nNote: {note}." for note in report.notes)
    rows = [
        [names([one.name for one in group]), *(str(group[0].counts[action] or "") for action in COLUMNS)]
        for group in report.alike
    ]
    listed = table(["stack", *COLUMNS], rows, numbers=len(COLUMNS))
    if len(rows) > MOST:
        listed = folded(f"{len(rows)} ways in which stacks change", listed)
    return text + (f"\n\n{listed}" if rows else "")


def _called_out(report: Report) -> Iterator[Section]:
    for stack in report.stacks:
        if stack.state == "refused":
            yield Section(f"### ⛔ {code(stack.name)} is refused\n\n{fence(map(one_line, stack.refusals))}")
        elif stack.state == "unknown before":
            words = "was refused before: there is nothing to compare with"
            yield Section(f"### {code(stack.name)} {words}\n\n{fence(map(one_line, stack.refusals))}")
    for title, told in (("Data, and what is protected", lost), ("Replaced: deleted, then created anew", replaced)):
        lines = [f"- {code(stack.name)}: {code(line)}" for stack in report.stacks for line in told(stack)]
        if lines:
            head = f"### ⚠️ {title}\n\n" + "\n".join(lines[:MOST])
            more = len(lines) - MOST
            yield (
                Section(f"{head}\n\n{folded(f'{more} more', chr(10).join(lines[MOST:]))}", f"{head}\n\nand {more} more")
                if more > 0
                else Section(head)
            )


def _prices(effect: Effect, of: str) -> Section:
    title = f"### Price{of}\n\n"
    if any(effect.refused):
        return Section(f"{title}{_standing_prices(effect)}".rstrip())
    if not figures.priced(effect):
        return Section(f"{title}Nothing is priced: there is no `economy`.")
    changed = figures.dearer_or_cheaper(effect)
    if not changed:
        return Section(f"{title}No municipality pays more or less. {figures.cost(effect)}.")
    rows = figures.prices(effect)
    listed = table(["municipality", "before", "after", "difference"], rows, numbers=3)
    if len(rows) > MOST:
        listed = folded(f"{len(rows)} municipalities, {len(changed)} of them with another price", listed)
    chart = f"{title}{figures.cost(effect)}.\n\n{fence(figures.price_chart(effect))}"
    return Section(f"{chart}\n\n{listed}", chart)


def _standing_prices(effect: Effect) -> str:
    """What the side that is not refused costs."""
    told, side = figures.missing(effect, "price"), effect.known
    if side is None:
        return told
    amount = effect.cost[side]
    if amount is None:
        return f"{told} Nothing is priced there, either."
    told += f" The year costs {figures.money(amount)} {effect.currency}.\n\n"
    rows = figures.standing_prices(effect, side)
    listed = table(["municipality", figures.SIDES[side]], rows, numbers=1)
    return told + (folded(f"{len(rows)} municipalities", listed) if len(rows) > MOST else listed)


def _quotas(effect: Effect, of: str) -> Section:
    text = ""
    if any(effect.refused):
        text, side = f"{figures.missing(effect, 'quota')}\n\n", effect.known
        if side is not None and (rows := figures.standing_quotas(effect, side)):
            text += _rows(["municipalities", "what", figures.SIDES[side]], rows)
        return Section(f"### Quota{of}\n\n{text}".rstrip())
    if rows := figures.tiers(effect):
        text += _rows(["municipality", "plan before", "after"], rows)
    if rows := figures.quotas(effect):
        text += _rows(["municipalities", "what", "before", "after"], rows)
    return Section(f"### Quota{of}\n\n{text or 'No limit and no room of any municipality changes.'}".rstrip())


def _capacity(effect: Effect, of: str) -> Section:
    text = f"### GPU capacity{of}\n\n{fence(figures.pool_chart(effect))}\n\n" if effect.pools else ""
    if not text:
        return Section(f"### GPU capacity{of}\n\nThere are no pools.")
    if any(effect.refused):
        return Section(text + figures.counted(effect))
    if rows := figures.queues(effect):
        text += _rows(["queue", "before", "after"], rows)
    if rows := figures.gpus(effect):
        text += _rows(["municipalities", "GPUs behind model", "before", "after"], rows)
    else:
        text += "The GPUs behind each municipality's models stay the same."
    return Section(text.rstrip())


def _rows(header: list[str], rows: list[list[str]]) -> str:
    listed = table(header, rows)
    return (folded(f"{len(rows)} rows", listed) if len(rows) > 2 * MOST else listed) + "\n\n"


def _resources(group: list[StackReport]) -> Section:
    stack = group[0]
    counts = ", ".join(f"{count} {action}" for action, count in sorted(stack.counts.items()))
    title = f"Resources of {escaped(stack.name)}{others_alike(group)}: {counts}"
    full = [line for one in stack.changes for line in (heading(one), *details(one))]
    return Section(_block(title, full), _block(title, map(heading, stack.changes)))


def _block(title: str, lines: Iterable[str]) -> str:
    return folded(title, fence(lines, "diff"))


def short(name: str) -> str:
    """A revision's name; of a commit by its hash, as much as people write."""
    return name[:10] if re.fullmatch(r"[0-9a-f]{40}", name) else name
