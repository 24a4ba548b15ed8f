# SPDX-License-Identifier: MPL-2.0
"""The chart of a statement keeps what it draws inside its frame. A real browser measures it in `tests/browser`."""

from dataclasses import replace
from decimal import Decimal

import pytest

from andel.economy.statements import Statement, settle
from andel.price.chart import FONT, HEIGHT, HIGHLIGHTED, LETTERS, TOP, WIDTH, chart
from config.judge import judge
from tests.conftest import stack_document

LONG = "Den Sammenlagte Kommune for Ringkøbing, Skjern, Lemvig, Struer, Holstebro og alle Øerne i Limfjorden"


def statements(count: int, name: str) -> list[Statement]:
    """Members who pay one after the other a little more."""
    year = settle(judge(stack_document("prod")))
    assert year is not None
    one = year.statements[0]
    return [replace(one, slug=f"m-{index:02}", name=name, amount=Decimal(index)) for index in range(count)]


@pytest.mark.parametrize("name", ["Ærø", "Ringkøbing-Skjern", LONG])
@pytest.mark.parametrize(("count", "index"), [(1, 0), (5, 0), (5, 2), (5, 4), (98, 0), (98, 48), (98, 49), (98, 97)])
def test_a_name_over_a_column_stays_in_the_drawing(name: str, count: int, index: int) -> None:
    """Letters five sixths as wide as high: wider than those of any text font at hand."""
    drawing = chart(statements(count, name), f"m-{index:02}", "told", ("lowest", "highest"))
    (label,) = [one for one in drawing.iter("text") if one.get("fill") == HIGHLIGHTED]
    text = label.text or ""
    assert text == name or (len(text) == LETTERS and name.startswith(text.rstrip("…")))
    wide, place = len(text) * FONT * 5 / 6, float(label.get("x", ""))
    left = place if label.get("text-anchor") == "start" else place - wide
    assert 0 <= left <= left + wide <= WIDTH
    assert FONT <= float(label.get("y", "")) <= TOP + HEIGHT


@pytest.mark.parametrize("count", [1, 5, 98])
def test_columns_stay_in_it_too(count: int) -> None:
    drawing = chart(statements(count, "Ærø"), "m-00", "told", ("lowest", "highest"))
    columns = list(drawing.iter("rect"))
    assert len(columns) == count
    for column in columns:
        x, y, wide, high = (float(column.get(one, "")) for one in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= WIDTH
        assert TOP <= y <= y + high <= TOP + HEIGHT + 0.01
