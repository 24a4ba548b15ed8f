# SPDX-License-Identifier: MPL-2.0
"""`andel price`: the same figures for people, scripts, spreadsheets and councils."""

import csv
import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from andel.__main__ import main
from andel.economy.figures import prices
from andel.economy.statements import settle
from andel.price.command import LANGUAGES, guarded, show
from andel.price.page import page
from config.judge import judge
from config.stackfile import read
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

PROD = ROOT / "Pulumi.prod.yaml"


def price(*words: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, ["price", str(PROD), *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_scripts_get_what_the_stack_puts_out() -> None:
    assert json.loads(price("--json")) == prices(judge(read(PROD).environment))


def test_a_spreadsheet_adds_up_to_the_cost() -> None:
    rows = list(csv.DictReader(price("--csv").splitlines()))
    assert [row["slug"] for row in rows] == sorted(row["slug"] for row in rows)
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal("3344413.90")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+45", "@x", "-1"])
def test_no_name_is_a_formula(name: str) -> None:
    assert guarded(name) == f"'{name}"
    assert guarded("Ærø") == "Ærø"


def test_people_see_lines_statements_and_the_comparison() -> None:
    shown = price()
    for told in ("Strøm og køling", "Ringkøbing-Skjern", "paid 3344413.90", "out of reach", "hybrid"):
        assert told in shown


def test_a_name_in_brackets_is_no_style(capsys: pytest.CaptureFixture[str]) -> None:
    """Forms refuse such a name. Were one let through, a table would still show it."""
    name = "[/b] [red]Rød :smile:"
    prod = judge(stack_document("prod"))
    samso = prod.municipalities["samso"].model_copy(update={"name": name})
    year = settle(prod.model_copy(update={"municipalities": {**prod.municipalities, "samso": samso}}))
    assert year is not None
    show(year, None)
    assert name in capsys.readouterr().out


class Read(HTMLParser):
    """A page as a browser takes it: its tags, its texts, and what it would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [name for name, _ in attrs if name in ("src", "href", "data") or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


AMOUNTS = {"da": "123.867,18\xa0kr.", "de": "123.867,18\xa0DKK", "en": "DKK123,867.18"}
TITLES = {"da": "Opgørelse 2026", "de": "Abrechnung 2026", "en": "Statement 2026"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_is_read_in_its_language(language: str) -> None:
    seen = Read(price("--statement", "samso", "--language", language))
    assert TITLES[language] in seen.texts
    assert any(AMOUNTS[language] in text for text in seen.texts)
    assert seen.tags.count("rect") == 5  # a column for each member
    assert seen.fetched == []
    assert not {"script", "link", "img", "iframe"} & {*seen.tags}


def of(document: dict[str, Any], slug: str, language: str = "da") -> str:
    """A page from a document."""
    year = settle(judge(document))
    assert year is not None
    return page(year, slug, language)


def test_a_hostile_name_is_text_and_nothing_else() -> None:
    """Forms refuse such a name. Were one let through, a page would still show it."""
    name = "</title><script>alert(1)</script><svg onload=x>"
    prod = judge(stack_document("prod"))
    assert prod.economy is not None
    members, costs = dict(prod.municipalities), dict(prod.economy.costs)
    members["samso"] = members["samso"].model_copy(update={"name": name})
    costs["staff"] = costs["staff"].model_copy(update={"name": name})
    economy = prod.economy.model_copy(update={"costs": costs})
    year = settle(prod.model_copy(update={"municipalities": members, "economy": economy}))
    assert year is not None
    seen = Read(page(year, "samso", "da"))
    assert {"script"} & {*seen.tags} == set()
    assert seen.fetched == []
    assert "".join(seen.texts).count(name) >= 3


def test_a_page_says_what_the_reserve_gets_or_gives() -> None:
    key = {"kind": "price-per-citizen", "price": 2.6, "reserve": 100000}
    document = edited(stack_document("prod"), {"economy.key": key})
    assert "lægges til reserven" in of(document, "samso")
    assert "reserven dækker" in of(edited(document, {"economy.key.price": 2.5}), "samso")
    assert "reserve" not in of(stack_document("prod"), "samso")


def test_98_members_have_room(tmp_path: Path) -> None:
    members = {
        f"m-{index}": {"name": f"Kommune {index}", "tier": "small", "citizens": 1000 + index} for index in range(98)
    }
    document = edited(stack_document("prod"), {"municipalities": members})
    seen = Read(of(document, "m-97"))
    assert seen.tags.count("rect") == 98
    file = tmp_path / "Pulumi.many.yaml"
    config = {"config": {"pulumi:disable-default-providers": ["*"], "andel:environment": document}}
    file.write_text(yaml.safe_dump(config))
    assert CliRunner().invoke(main, ["price", str(file), "--csv"]).output.count("\n") == 99


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--statement", "nobody"], "nobody is no member"), (["--language", "sv"], "'sv' is not one of")],
)
def test_what_is_not_there_is_said(words: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["price", str(PROD), *words])
    assert result.exit_code != 0
    assert told in result.output
