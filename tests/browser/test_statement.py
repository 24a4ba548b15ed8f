# SPDX-License-Identifier: MPL-2.0
"""A statement is printed by a real browser: on one page of A4, with its chart inside.

The fullest one that is promised: names of members as long as may be, 98 of them, eight lines of cost, a price list with
a cap and a surplus, a comparison out of reach, and use that was counted for a part of the time.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from andel.economy.comparison import compare
from andel.economy.statements import settle
from andel.economy.usage import Month, Of, Used, together
from andel.lab.build import build
from andel.lab.chat_parts import CHROMIUM
from andel.price.page import page
from andel.price.words import LANGUAGES
from config.environment import Environment
from config.judge import judge
from tests.config.edits import edited
from tests.conftest import stack_document

from .page import browser

LINES, LETTERS = 8, 60
"""Lines of cost that have room, and the letters of their names, as docs/economy.md says."""

NAME = "Den Sammenlagte Kommune for Ringkøbing, Skjern, Lemvig, Struer, Holstebro og Øerne i Limfjorden og ved Fjorden"
OVERFULL = 60
"""Lines of cost that have no room on a page: the measure is one that can fail."""

INSIDE = """
() => {
  const frame = document.querySelector('svg').getBoundingClientRect();
  const within = (part, whole) => part.left >= whole.left - 1 && part.right <= whole.right + 1
    && part.top >= whole.top - 1 && part.bottom <= whole.bottom + 1;
  const drawn = [...document.querySelectorAll('svg rect, svg text')];
  const told = [...document.querySelectorAll('body *:not(svg *)')];
  return {
    drawn: drawn.length,
    outside: drawn.filter(one => !within(one.getBoundingClientRect(), frame)).map(one => one.outerHTML),
    wide: told.filter(one => one.scrollWidth > document.body.clientWidth + 1).map(one => one.tagName),
  };
}
"""
"""What of the chart lies outside its frame, and what is wider than the page."""


def ended(name: str) -> str:
    """A name that was cut, without signs at which no name ends."""
    return name.rstrip(" ,")


def environment(lines: int) -> Environment:
    """Prod, as full as may be."""
    members = {
        f"m-{index:02}": {
            "name": ended(f"Nr. {index:02}: {NAME}"[:100]),
            "tier": "small",
            "citizens": 10_000 + 1000 * index,
        }
        for index in range(98)
    }
    costs = {
        f"line-{index:02}": {
            "kind": "yearly",
            "name": ended(f"Post {index:02} til {NAME}"[:LETTERS]),
            "amount": 9_999_999.99,
        }
        for index in range(lines)
    }
    costs["line-00"]["gpus"] = True
    key = {"kind": "price-per-citizen", "price": 200, "cap": {"citizens": 50_000, "percent": 50}}
    edits: dict[str, Any] = {
        "municipalities": members,
        "economy.costs": costs,
        "economy.key": key,
        "tiers.small.priceWeight": 1.5,
    }
    return judge(edited(stack_document("prod"), edits))


def month(name: str) -> Month:
    """A month that was counted for a part of the time."""
    used = Used(requests=10**9, input_tokens=10**12, output_tokens=10**12, kilowatt_hours=Decimal("123456.789"))
    return Month(
        environment="api.ai.os2.example",
        month=name,
        time_zone="Europe/Copenhagen",
        until=f"{name}-28T23:00:00+00:00",
        complete=False,
        watched=0.5,
        counted=0.5,
        metered=0.5,
        municipalities={f"m-{index:02}": Of(total=used) for index in range(98)},
        models={},
    )


def html(language: str, slug: str, lines: int = LINES) -> str:
    """The fullest statement of a member."""
    one = environment(lines)
    year = settle(one)
    assert year is not None
    usage = together([month(name) for name in ("2026-09", "2026-10", "2026-11")])
    return page(year, slug, language, usage, compare(one))


def pages(pdf: bytes) -> int:
    """Pages of a document: Chromium writes each as an object of its own, uncompressed (PDF 1.4)."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.fixture(scope="module")
def printer() -> Iterator[Browser]:
    """A browser that knows no host."""
    build((CHROMIUM,))
    with browser({}, []) as running:
        yield running


@pytest.fixture
def paper(printer: Browser) -> Iterator[Page]:
    """What it shows, as wide as A4 without its margins: 174 mm at 96 to the inch."""
    with printer.new_context(viewport={"width": 658, "height": 986}) as context:
        opened = context.new_page()
        opened.emulate_media(media="print")
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", ["m-00", "m-48", "m-97"])
def test_a_statement_is_one_page_and_its_chart_is_whole(paper: Page, language: str, slug: str) -> None:
    paper.set_content(html(language, slug))
    assert paper.evaluate(INSIDE) == {"drawn": 98 + 3, "outside": [], "wide": []}
    assert pages(paper.pdf(prefer_css_page_size=True)) == 1


def test_what_has_no_room_takes_another_page(paper: Page) -> None:
    paper.set_content(html("da", "m-48", OVERFULL))
    assert pages(paper.pdf(prefer_css_page_size=True)) > 1
