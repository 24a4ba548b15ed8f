# SPDX-License-Identifier: MPL-2.0
"""Panels and boards of Grafana as plain JSON (dashboard schema 39, Grafana 10 and newer), from a few shared builders.

Every panel has a title, a unit and the board's data source; boards say none of that again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 39
"""Version of the dashboard's schema (source: Grafana, DashboardMigrator)."""

WIDTH, HEIGHT = 24, 8
"""Columns of Grafana's grid, and rows of a panel."""

METRICS = "prometheus"
"""Kind of data source of all panels but those that say otherwise."""

SOURCE = {"type": METRICS, "uid": "${datasource}"}


@dataclass(frozen=True)
class Panel:
    """A question, as expressions with what their series are called."""

    title: str
    unit: str
    """Unit of Grafana's, as `s`, `watt`, `percentunit`, `short`."""

    series: dict[str, str]
    """Expressions by their legend (`{{label}}` is filled in)."""

    kind: str = "timeseries"
    """`timeseries`, `stat`, `table` or `logs`."""

    about: str = ""
    """What to think when it is high."""

    source: str = METRICS
    """Kind of its data source."""


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    uid: str
    """Its address in Grafana: fixed, so that links last."""

    title: str
    panels: Sequence[Panel]
    variables: dict[str, str] = field(default_factory=dict)
    """Queries of the board's variables, by name; each has the value `All`."""


def board(one: Board) -> dict[str, Any]:
    """A dashboard as Grafana reads it."""
    return {
        "uid": one.uid,
        "title": one.title,
        "tags": ["andel"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [*data_sources(one), *(variable(*item) for item in one.variables.items())]},
        "panels": [panel(index, item) for index, item in enumerate(one.panels)],
    }


def data_sources(one: Board) -> list[dict[str, Any]]:
    """A variable for each kind of data source, that chooses among Grafana's; the one of figures comes first."""
    others = sorted({panel.source for panel in one.panels} - {METRICS})
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": METRICS},
        *({"name": kind, "label": f"Data source ({kind})", "type": "datasource", "query": kind} for kind in others),
    ]


def source(kind: str) -> dict[str, str]:
    """What a panel asks: what was chosen of a kind."""
    return SOURCE if kind == METRICS else {"type": kind, "uid": f"${{{kind}}}"}


def variable(name: str, query: str) -> dict[str, Any]:
    """A variable of values that a label has."""
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def panel(index: int, one: Panel) -> dict[str, Any]:
    """A panel in its place: three to a row."""
    width = WIDTH // 3
    return {
        "id": index + 1,
        "type": one.kind,
        "title": one.title,
        "description": one.about,
        "datasource": source(one.source),
        "gridPos": {"x": index % 3 * width, "y": index // 3 * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": one.unit}, "overrides": []},
        "options": options(one.kind),
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": source(one.source),
                "expr": expr,
                "legendFormat": legend,
            }
            for place, (legend, expr) in enumerate(one.series.items())
        ],
    }


def options(kind: str) -> dict[str, Any]:
    """Options of a kind of panel."""
    if kind == "logs":
        return {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending", "enableLogDetails": True}
    if kind == "timeseries":
        return {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]}}
    return {"reduceOptions": {"calcs": ["lastNotNull"]}} if kind == "stat" else {}
