# SPDX-License-Identifier: MPL-2.0
"""A column for each member's amount, smallest first, one of them highlighted; for five members as for 98."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from andel.economy.statements import Statement

WIDTH, HEIGHT, TOP, BELOW = 640, 150, 22, 20
"""Of the area of the columns, and the room above and below it, in units of the drawing."""

FONT = 12
"""Height of its letters."""

LETTERS = 32
"""Letters for which half of the width is room, each five sixths as wide as high: few fonts have wider words."""

PLAIN, HIGHLIGHTED = "#b9c4cf", "#0b5c8a"
"""Colours that differ in grey too."""


def chart(statements: Sequence[Statement], slug: str, told: str, labels: tuple[str, str]) -> Element:
    """The drawing as SVG.

    Args:
        statements: of everybody, at least one.
        slug: whose column is highlighted.
        told: what is to be seen, for who can't.
        labels: under the lowest and the highest column.
    """
    ranked = sorted(statements, key=lambda one: (one.amount, one.slug))
    highest = ranked[-1].amount or 1
    step = WIDTH / len(ranked)
    wide = min(step * 0.8, 60.0)
    view = f"0 0 {WIDTH} {TOP + HEIGHT + BELOW}"
    drawing = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": view, "role": "img"})
    drawing.set("font-family", "sans-serif")
    SubElement(drawing, "title").text = told
    for index, one in enumerate(ranked):
        high = float(one.amount / highest) * HEIGHT
        left, top = index * step + (step - wide) / 2, TOP + HEIGHT - high
        colour = HIGHLIGHTED if one.slug == slug else PLAIN
        size = {"x": f"{left:.2f}", "y": f"{top:.2f}", "width": f"{wide:.2f}", "height": f"{high:.2f}"}
        column = SubElement(drawing, "rect", {**size, "fill": colour})
        SubElement(column, "title").text = one.name
        if one.slug == slug:
            # Towards the middle there is room for half of the drawing at least.
            place, anchor = (left, "start") if left + wide / 2 < WIDTH / 2 else (left + wide, "end")
            _label(drawing, place, top - 6, shortened(one.name), anchor, HIGHLIGHTED)
    floor = TOP + HEIGHT
    SubElement(drawing, "path", {"d": f"M0 {floor} H{WIDTH}", "stroke": "#555555", "fill": "none"})
    _label(drawing, 0, floor + 15, labels[0], "start", "#555555")
    _label(drawing, WIDTH, floor + 15, labels[1], "end", "#555555")
    return drawing


def shortened(name: str) -> str:
    """A name that has room in half of the drawing; the whole one stands above it."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}…"


def _label(drawing: Element, x: float, y: float, text: str, anchor: str, colour: str) -> None:
    place = {"x": f"{x:.2f}", "y": f"{y:.2f}", "text-anchor": anchor, "fill": colour, "font-size": str(FONT)}
    SubElement(drawing, "text", place).text = text
