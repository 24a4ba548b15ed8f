# SPDX-License-Identifier: MPL-2.0
"""Tables for people: a row a dataclass, a column a field."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 160
"""Columns of a table that nobody reads on a terminal."""


def table(title: str, rows: Sequence[Any], *, stderr: bool = False) -> None:
    """Print dataclasses of one kind; numbers to the right, yes and no for truth."""
    if not rows:
        return
    shown = Table(title=title, title_justify="left")
    for field in fields(rows[0]):
        numeric = isinstance(getattr(rows[0], field.name), int | float)
        shown.add_column(field.name, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*(_text(value) for value in asdict(row).values()))
    console = Console(stderr=stderr, markup=False, emoji=False)  # a name in brackets is no style
    if not console.is_terminal:  # a log has no edge at which a table would have to be squeezed
        console.width = WIDE
    console.print(shown)


def _text(value: object) -> Text:
    """A value as it is: in a name or a message, `[/x]` is no markup."""
    return Text({True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value))
