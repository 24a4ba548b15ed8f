# SPDX-License-Identifier: MPL-2.0
"""Nodes of all pools with who stands on them, for a terminal and as SVG: a letter a share, readable without colours."""

import string
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from config.environment import Environment
from config.placement import Node, Placing, Pod

from .tables import WIDE

COLOURS = ("blue", "green", "magenta", "cyan", "yellow", "red", "bright_blue", "bright_green", "bright_magenta")
"""Of models, in the catalogue's order; then from the start again."""

LETTERS = string.ascii_uppercase + string.ascii_lowercase
"""Of models, likewise."""

EMPTY = "·"
AS_MANY = 40
"""Nodes of a pool that are drawn; those beyond are counted."""


def drawn(environment: Environment, case: str, placings: Mapping[str, Placing], svg: Path | None) -> None:
    """Print the picture, and write it as SVG if it is asked for.

    Raises:
        OSError: the file can't be written.
    """
    console = Console(record=svg is not None)
    if not console.is_terminal:
        console.width = WIDE
    for line in lines(environment, placings):
        console.print(line)
    if svg is not None:
        # One id for all files: a made-up one would be another in each run.
        svg.write_text(console.export_svg(title=f"GPU pools: {case}", unique_id="andel-capacity"), encoding="utf-8")


def lines(environment: Environment, placings: Mapping[str, Placing]) -> Iterator[Text]:
    """The picture, line by line: pools, their nodes, and what the colours mean."""
    marks = {
        name: (LETTERS[index % len(LETTERS)], COLOURS[index % len(COLOURS)])
        for index, name in enumerate(environment.models)
    }
    for name, placing in placings.items():
        pool = environment.pools[name]
        yield Text(f"{name}: {pool.nodes.count} x {pool.gpu.per_node} {pool.gpu.product}", style="bold")
        for index, node in enumerate(placing.nodes[:AS_MANY], start=1):
            yield Text(f"  {index:>4} ") + blocks(node, marks)
        if (more := len(placing.nodes) - AS_MANY) > 0:
            yield Text(f"       and {more} more nodes", style="dim")
        if placing.homeless:
            yield Text("  wait ", style="red") + Text.assemble(
                *(mark(pod, marks) for pod in placing.homeless[:AS_MANY])
            )
    named = [(f"{letter} {name}  ", colour) for name, (letter, colour) in marks.items()]
    yield Text.assemble("       ", *named, f"{EMPTY} free")


def mark(pod: Pod, marks: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """A pod: its letter for each share, with its colour."""
    letter, colour = marks[pod.model]
    return letter * max(pod.shares, 1) + " ", colour


def blocks(node: Node, marks: Mapping[str, tuple[str, str]]) -> Text:
    """A node: its pods, and what is free."""
    text = Text()
    for pod in node.pods:
        text.append(*mark(pod, marks))
    text.append(EMPTY * node.shares, "dim")
    return text
