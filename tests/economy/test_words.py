# SPDX-License-Identifier: MPL-2.0
"""A statement's sentences are true of the key by which it is made, in each of its languages."""

from dataclasses import asdict
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest

from andel.economy.statements import settle
from andel.price.command import LANGUAGES as CHOSEN
from andel.price.numbers import LOCALES, month, percent, times
from andel.price.page import page
from andel.price.words import LANGUAGES, Words
from config.judge import judge
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

PROD = stack_document("prod")
SLUGS = tuple(PROD["municipalities"])
CAP = {"citizens": 150_000, "percent": 50}
KEYS: dict[str, dict[str, Any]] = {
    "size-classes": PROD["economy"]["key"],
    "citizens": {"kind": "citizens", "cap": CAP},
    "price-per-citizen": {"kind": "price-per-citizen", "price": 5, "cap": CAP},
    "weights": {"kind": "weights", "weights": dict.fromkeys(SLUGS, 1)},
}


def told(language: str, edits: dict[str, Any], slug: str = "samso") -> str:
    """A statement."""
    year = settle(judge(edited(PROD, edits)))
    assert year is not None
    return page(year, slug, language)


def texts(value: Any) -> list[tuple[str, str]]:
    """Every text of a language, by its name."""
    found: list[tuple[str, str]] = []
    for name, text in value.items():
        found += [(f"{name}.{key}", one) for key, one in text.items()] if isinstance(text, dict) else [(name, text)]
    return found


def holes(text: str) -> set[str]:
    """What is written into a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_takes_what_the_english_one_takes(language: str) -> None:
    mine, english = dict(texts(asdict(LANGUAGES[language]))), dict(texts(asdict(LANGUAGES["en"])))
    assert all(mine.values())
    assert {name: holes(text) for name, text in mine.items()} == {name: holes(text) for name, text in english.items()}
    assert set(LANGUAGES) == set(LOCALES) == set(CHOSEN)
    assert set(LANGUAGES[language].keys) == set(KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KEYS)
def test_the_foot_says_what_statements_add_up_to_under_its_key(language: str, kind: str) -> None:
    """Of a price list they add up to no cost: there is a reserve."""
    words, told_ = LANGUAGES[language], told(language, {"economy.key": KEYS[kind]})
    listed = kind == "price-per-citizen"
    assert words.keys[kind] in told_
    assert (words.adds_up in told_) is not listed
    assert (words.price_list in told_) is listed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_foot_that_claims_a_sum_is_right(language: str) -> None:
    for kind, key in KEYS.items():
        document = edited(PROD, {"economy.key": key})
        year = settle(judge(document))
        assert year is not None
        assert (year.paid == year.cost) is (kind != "price-per-citizen")
        assert (LANGUAGES[language].adds_up in page(year, "samso", language)) is (year.paid == year.cost)


CAPPED = {
    "da": "Borgere ud over 150.000 tæller kun 50\N{NO-BREAK SPACE}%.",
    "de": "Einwohner über 150.000 hinaus zählen nur zu 50\N{NO-BREAK SPACE}%.",
    "en": "Citizens above 150,000 count for 50% only.",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KEYS)
def test_a_cap_and_plans_that_weigh_are_said_where_there_are_some(language: str, kind: str) -> None:
    """All of a class count alike, but for their plans; all citizens, but for those above the cap."""
    plain = {"economy.key": KEYS[kind]}
    assert (CAPPED[language] in told(language, plain)) is ("cap" in KEYS[kind])
    if "cap" in KEYS[kind]:
        whole = {**KEYS[kind], "cap": {**CAP, "percent": 100}}
        assert CAPPED[language] not in told(language, {"economy.key": whole})
    assert LANGUAGES[language].plans not in told(language, plain)
    assert LANGUAGES[language].plans in told(language, {**plain, "tiers.medium.priceWeight": 1.5})


DAYS = {"da": "184 af årets 365 dage", "de": "184 von 365 Tagen des Jahres", "en": "184 of the year's 365 days"}
ONE_DAY = {"da": "1 af årets 365 dage", "de": "1 von 365 Tagen des Jahres", "en": "1 of the year's 365 days"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_are_told_beside_those_of_the_year(language: str) -> None:
    assert DAYS[language] in told(language, {"municipalities.samso.joins": "2026-07-01"})
    assert f">{ONE_DAY[language]}<" in told(language, {"municipalities.samso.joins": "2026-12-31"})


def test_no_text_names_the_coin_of_one_currency() -> None:
    """Amounts are in kroner or in euro."""
    for words in LANGUAGES.values():
        for name, text in texts(asdict(words)):
            coins = {"øre", "øren", "cent", "öre", "krone", "kroner", "dkk", "euro"}
            assert not coins & {*text.lower().replace(",", " ").replace(".", " ").split()}, name


def test_percentages_multiples_and_months_are_written_as_each_language_does() -> None:
    parts = Decimal("0.0741"), Decimal("0.5")
    assert {one: (percent(parts[0], one), percent(parts[1], one, "####")) for one in LANGUAGES} == {
        "da": ("7,41\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%"),
        "de": ("7,41\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%"),
        "en": ("7.41%", "50%"),
    }
    assert [times(Decimal("16.3766"), language) for language in LANGUAGES] == ["16,38", "16,38", "16.38"]
    assert [month("2026-03", language) for language in LANGUAGES] == ["marts 2026", "März 2026", "March 2026"]


def test_every_text_stands_in_some_statement() -> None:
    """A word that nothing says is no word: the fields of `Words` are those that the page reads."""
    read = (ROOT / "andel" / "price" / "page.py").read_text(encoding="utf-8")
    assert [name for name in Words.__dataclass_fields__ if f"words.{name}" not in read] == []
