# SPDX-License-Identifier: MPL-2.0
"""Boards against Grafana's own schema (grafana-foundation-sdk): what it doesn't know, it drops, and Grafana ignores."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from components.monitoring.own_board import own_board
from components.monitoring.panels import board as drawn
from config.section import Path

from .test_rules import BOARDS

register_default_plugins()


def read(board: dict[str, Any]) -> Any:
    """A board as the schema understands it."""
    return json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))


def lost(written: Any, understood: Any, path: Path = ()) -> Iterator[Path]:
    """What was written and is not understood, or otherwise."""
    match written, understood:
        case dict(), dict():
            for key, value in written.items():
                if key in understood:
                    yield from lost(value, understood[key], (*path, key))
                else:
                    yield (*path, key)
        case list(), list() if len(written) == len(understood):
            for index, value in enumerate(written):
                yield from lost(value, understood[index], (*path, index))
        case _ if written != understood:
            yield path


OWN = drawn(own_board("aarhus", "Aarhus", "andel-m-aarhus"))


def test_logs_are_asked_of_a_data_source_of_theirs() -> None:
    sources = {one["name"]: one["query"] for one in OWN["templating"]["list"]}
    assert sources == {"datasource": "prometheus", "loki": "loki"}
    asked = {panel["title"]: panel["datasource"] for panel in OWN["panels"]}
    assert asked["Logs"] == {"type": "loki", "uid": "${loki}"}
    assert asked["Power"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("board", [*BOARDS, OWN], ids=lambda board: board["uid"])
def test_grafana_knows_everything_that_a_board_says(board: dict[str, Any]) -> None:
    assert list(lost(board, read(board))) == []


@pytest.mark.parametrize(
    ("above", "key"),
    [
        ((), "titel"),
        (("panels", 0), "gridpos"),
        (("panels", 0, "targets", 0), "expression"),
        (("panels", 0, "fieldConfig", "defaults"), "units"),
        (("panels", 0, "options", "legend"), "calc"),
    ],
)
def test_a_word_that_grafana_does_not_know_is_noticed(above: Path, key: str) -> None:
    board = copy.deepcopy(BOARDS[0])
    at: Any = board
    for part in above:
        at = at[part]
    at[key] = "x"
    assert list(lost(board, read(board))) == [(*above, key)]
