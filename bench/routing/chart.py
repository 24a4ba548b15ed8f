# SPDX-License-Identifier: MPL-2.0
"""Two curves over the arrival rate, as SVG: the mean time to the first token, and what came in time."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from .workload import Workload

COLOURS = ("#555555", "#0b6e4f", "#c1440e", "#2b5fa8", "#8a4fa3", "#b08900")
WIDTH, HEIGHT, LEFT, TOP = 400, 260, 56, 44
"""Of one curve's area, in pixels, and the room around it."""

Measured = Mapping[str, Sequence[Mapping[str, Any]]]


def chart(workload: Workload, measured: Measured) -> str:
    """An image of both curves."""
    width, height = 2 * (WIDTH + LEFT) + 40, HEIGHT + TOP + 60 + 18 * len(measured)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        text(LEFT, 18, workload.about, size=14),
        *panel(LEFT, "mean time to the first token, s", measured, "meanSeconds", workload.objective_seconds),
        *panel(2 * LEFT + WIDTH + 20, "first tokens in time, /s", measured, "goodputPerSecond", None),
        *legend(measured),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def panel(left: int, title: str, measured: Measured, figure: str, line: float | None) -> list[str]:
    """A curve for each way, over the rate."""
    rungs = [rung for of_way in measured.values() for rung in of_way]
    right = max((rung["rate"] for rung in rungs), default=1.0)
    top = max([rung[figure] for rung in rungs] + [line or 0.0]) * 1.08 or 1.0

    def place(rate: float, value: float) -> tuple[float, float]:
        return left + WIDTH * rate / right, TOP + HEIGHT * (1 - value / top)

    parts = [
        f'<path d="M{left} {TOP} V{TOP + HEIGHT} H{left + WIDTH}" fill="none" stroke="black"/>',
        text(left, TOP - 8, title),
        text(left + WIDTH - 80, TOP + HEIGHT + 32, "arrivals, /s"),
    ]
    rates = sorted({rung["rate"] for rung in rungs})
    parts += [text(place(rate, 0)[0] - 4, TOP + HEIGHT + 16, f"{rate:g}") for rate in rates]
    for step in range(5):
        value = top * step / 4
        parts.append(text(left - 34, place(0, value)[1] + 4, f"{value:.1f}"))
    if line:
        height = place(0, line)[1]
        parts.append(f'<path d="M{left} {height:.1f} h{WIDTH}" stroke="#999999" stroke-dasharray="4 4"/>')
    for colour, of_way in zip(COLOURS, measured.values(), strict=False):
        points = [place(rung["rate"], rung[figure]) for rung in of_way]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return parts


def legend(measured: Measured) -> list[str]:
    """Which colour is which way."""
    parts = []
    for index, (colour, way) in enumerate(zip(COLOURS, measured, strict=False)):
        height = TOP + HEIGHT + 50 + 18 * index
        parts.append(f'<path d="M{LEFT} {height} h24" stroke="{colour}" stroke-width="3"/>')
        parts.append(text(LEFT + 32, height + 4, way))
    return parts


def text(x: float, y: float, content: str, size: int = 12) -> str:
    """Text at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}">{escape(content)}</text>'
