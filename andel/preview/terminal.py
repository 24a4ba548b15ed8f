# SPDX-License-Identifier: MPL-2.0
"""A change on a terminal: what stands in the comment too, in colours."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from andel.tables import WIDE

from . import figures
from .changes import ACTIONS
from .effects import Effect
from .report import Report, StackReport
from .words import details, heading, headline, lost, one_line, others_alike, replaced, unchanged

COLOURS = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red", "let go": "cyan"}


def show(report: Report) -> None:
    """Print a change: what is refused and lost first, then what it means for whom, then every resource."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(Text.assemble((f"{report.base} → {report.head}: ", "dim"), (headline(report), "bold")))
    console.print(Text(f"{unchanged(report)} other stacks stay as they are", "dim"))
    _lines(console, "note", report.notes, "dim")
    for stack in report.stacks:
        _lines(console, f"{stack.name} {stack.state}", stack.refusals, "red")
    for stack in report.stacks:
        _lines(console, f"{stack.name}: data, protected", lost(stack), "bold red")
        _lines(console, f"{stack.name}: replaced", replaced(stack), "magenta")
    for name, effect in report.effects.items():
        _effect(console, name, effect)
    for group in report.alike:
        _resources(console, group)


def _lines(console: Console, title: str, lines: Iterable[str], style: str) -> None:
    for line in lines:
        console.print(Text(f"{title}: {one_line(line)}", style), soft_wrap=True)


def _effect(console: Console, name: str, effect: Effect) -> None:
    if any(effect.refused):
        _standing(console, name, effect)
        return
    if figures.priced(effect):
        console.print(Text(f"{name}: {figures.cost(effect)}", "bold"))
        _chart(console, figures.price_chart(effect))
        if figures.dearer_or_cheaper(effect):
            _table(console, ("municipality", "before", "after", "difference"), figures.prices(effect), numbers=3)
    _table(console, ("municipality", "plan before", "after"), figures.tiers(effect))
    _table(console, ("municipalities", "quota", "before", "after"), figures.quotas(effect))
    if effect.pools:
        console.print(Text(f"{name}: GPU capacity", "bold"))
        _chart(console, figures.pool_chart(effect))
    _table(console, ("queue", "before", "after"), figures.queues(effect))
    _table(console, ("municipalities", "GPUs behind model", "before", "after"), figures.gpus(effect))


def _standing(console: Console, name: str, effect: Effect) -> None:
    """Where a side is refused: what the other one has, and pools."""
    console.print(Text(f"{name}: {figures.missing(effect, 'price or quota')}", "bold"))
    if effect.known is not None:
        side = figures.SIDES[effect.known]
        if (amount := effect.cost[effect.known]) is not None:
            console.print(Text(f"{name}: {side}, the year costs {figures.money(amount)} {effect.currency}", "bold"))
        _table(console, ("municipality", side), figures.standing_prices(effect, effect.known), numbers=1)
        _table(console, ("municipalities", "what", side), figures.standing_quotas(effect, effect.known))
    if effect.pools:
        console.print(Text(f"{name}: GPU capacity. {figures.counted(effect)}", "bold"), soft_wrap=True)
        _chart(console, figures.pool_chart(effect))


def _chart(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        style = "dim" if "  before " in line else ""
        console.print(Text(f"  {line}", style), soft_wrap=True)


def _table(console: Console, header: tuple[str, ...], rows: list[list[str]], numbers: int = 0) -> None:
    if not rows:
        return
    shown = Table()
    for place, title in enumerate(header):
        shown.add_column(title, justify="right" if place >= len(header) - numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(one_line(cell)) for cell in row))
    console.print(shown)


def _resources(console: Console, group: list[StackReport]) -> None:
    stack = group[0]
    counts = ", ".join(f"{stack.counts[action]} {action}" for action in ACTIONS if stack.counts[action])
    console.print(Text(f"{stack.name}{others_alike(group)}: {counts}", "bold"), soft_wrap=True)
    for one in stack.changes:
        console.print(Text(f"  {heading(one)}", COLOURS[one.action]), soft_wrap=True)
        for line in details(one):
            console.print(Text(f"  {line}", "dim"), soft_wrap=True)
