# SPDX-License-Identifier: MPL-2.0
"""A board as a picture: what its JSON asks Prometheus, drawn by matplotlib (3.11). It is no Grafana, and says so."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .history import over_the_day

STEP = 600
"""Seconds between two points."""

COLUMNS = 3

SAID = "drawn of the board's JSON and a real Prometheus by bench/boards, not by Grafana; the day is made up"

mpl.use("svg")
mpl.rcParams.update(
    {"svg.fonttype": "none", "svg.hashsalt": "andel", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3}
)


def draw(board: dict[str, Any], address: str, file: Path) -> None:
    """Write a board's picture.

    Args:
        board: as Grafana reads it.
        address: of Prometheus.
        file: SVG.
    """
    panels = board["panels"]
    rows = math.ceil(len(panels) / COLUMNS)
    figure = Figure(figsize=(14, 0.7 + 2.7 * rows), layout="constrained")
    figure.suptitle(f"{board['title']}\n{SAID}", fontsize=10)
    axes = figure.subplots(rows, COLUMNS, squeeze=False)
    places = [axes[index // COLUMNS][index % COLUMNS] for index in range(rows * COLUMNS)]
    for place, panel in zip(places, panels, strict=False):
        place.set_title(panel["title"], fontsize=9, loc="left")
        series = [one for target in panel["targets"] for one in asked(target, address)]
        (lines if panel["type"] == "timeseries" else values)(place, series, panel["fieldConfig"]["defaults"]["unit"])
    for place in places[len(panels) :]:
        place.axis("off")
    figure.savefig(file, metadata={"Date": None, "Title": board["title"]})
    text = re.sub(r"[ \t]+$", "", file.read_text(), flags=re.MULTILINE)
    file.write_text(text)


def asked(target: dict[str, Any], address: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Series of a target, by what its legend calls them. Variables have the value `All`."""
    expr = re.sub(r"\$(model|pool|municipality)\b", ".+", target["expr"])
    return [
        (legend(target["legendFormat"], one["metric"]), [(float(at), float(value)) for at, value in one["values"]])
        for one in over_the_day(address, expr, STEP)
    ]


def legend(form: str, labels: dict[str, str]) -> str:
    """The legend with labels filled in, as Grafana does."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), form)


def lines(place: Any, series: list[tuple[str, list[tuple[float, float]]]], unit: str) -> None:
    """A panel over time."""
    for name, points in series:
        times = [datetime.fromtimestamp(at, UTC) for at, _ in points]
        place.plot(times, [value for _, value in points], label=name, linewidth=1.1)
    place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, unit)))
    place.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))
    place.margins(y=0.2)
    place.set_ylim(bottom=0)
    if series:
        place.legend(fontsize=6.5, loc="upper left", ncols=2 if len(series) > 4 else 1)
    else:
        place.text(0.5, 0.5, "no data", ha="center", transform=place.transAxes)


def values(place: Any, series: list[tuple[str, list[tuple[float, float]]]], unit: str) -> None:
    """A panel of last values."""
    place.axis("off")
    if not series:
        place.text(0.5, 0.5, "none", ha="center", transform=place.transAxes)
    for index, (name, points) in enumerate(series):
        height = 0.88 - 0.12 * index
        place.text(0.05, height, name, transform=place.transAxes)
        place.text(0.95, height, shown(points[-1][1], unit), ha="right", transform=place.transAxes)


UNITS = {"s": " s", "watt": " W", "joule": " J", "massg": " g", "celsius": " °C", "reqps": "/s"}


def shown(value: float, unit: str) -> str:
    """A value as people read it."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "bytes":
        return f"{value / 2**30:.3g} GiB"
    if unit.startswith("currency"):
        return f"{value:,.2f} {unit.removeprefix('currency')}"
    return f"{value:,.4g}{UNITS.get(unit, '')}"
