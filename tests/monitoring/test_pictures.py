# SPDX-License-Identifier: MPL-2.0
"""Pictures of the docs show the boards that there are: each panel, and who drew it."""

import html
from typing import Any

import pytest

from tests.conftest import ROOT

from .test_rules import BOARDS

PICTURES = ROOT / "docs" / "boards"


@pytest.mark.parametrize("one", BOARDS, ids=lambda one: one["uid"])
def test_a_board_has_a_picture_of_all_its_panels(one: dict[str, Any]) -> None:
    """`python -m bench.boards` draws them anew."""
    text = html.unescape((PICTURES / f"{one['uid']}.svg").read_text(encoding="utf-8"))
    assert [panel["title"] for panel in one["panels"] if f">{panel['title']}</text>" not in text] == []
    assert "not by Grafana" in text


def test_every_picture_is_of_a_board() -> None:
    assert {file.stem for file in PICTURES.glob("*.svg")} == {one["uid"] for one in BOARDS}
