# SPDX-License-Identifier: MPL-2.0
"""Markdown as forges read it.

What comes from a config stands in code: it mentions nobody, links nowhere, and ends no table and no block.
"""

import re
from collections.abc import Iterable

from .words import one_line


def code(text: str) -> str:
    """A text as code in a line or a table: in as many backticks as it takes."""
    text = one_line(text)
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(lines: Iterable[str], language: str = "text") -> str:
    """Lines as a block of code, whatever stands in them."""
    text = "\n".join(lines)
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def table(header: list[str], rows: Iterable[list[str]], numbers: int = 0) -> str:
    """A table whose last columns are numbers. Cells of the body are shown as code."""
    rule = ["---"] * (len(header) - numbers) + ["---:"] * numbers
    texts = len(header) - numbers
    body = [[code(cell) if place < texts else cell for place, cell in enumerate(row)] for row in rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (header, rule, *body)
    )


def folded(title: str, text: str) -> str:
    """A text that is opened by a click. The title is HTML: Markdown is not read there."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def escaped(text: str) -> str:
    """A text as code within HTML."""
    safe = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<code>{safe}</code>"
