# SPDX-License-Identifier: MPL-2.0
"""What was used, told beside statements: in every form, in three languages, and in no amount."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from andel.__main__ import main
from andel.economy.statements import Year, settle
from andel.economy.usage import Month, Of, Usage, UsageError, Used, month_of, read, together, written
from andel.price.command import LANGUAGES, plain, separated
from andel.price.page import page
from config.judge import judge
from tests.conftest import ROOT, stack_document

PROD = ROOT / "Pulumi.prod.yaml"
HOST = "api.ai.os2.example"
SLUGS = ("aarhus", "kobenhavn", "odense", "ringkobing-skjern", "samso")
AARHUS = Used(requests=1200, input_tokens=3_400_000, output_tokens=560_000, kilowatt_hours=Decimal("12.345"))


def month(name: str = "2026-11", environment: str = HOST, *, used: dict[str, Used] | None = None) -> Month:
    """A month in which some used something."""
    return Month(
        environment=environment,
        month=name,
        time_zone="Europe/Copenhagen",
        until="2026-11-30T23:00:00+00:00",
        complete=True,
        watched=1.0,
        counted=1.0,
        metered=1.0,
        municipalities={slug: Of(total=one) for slug, one in (used or {}).items()},
        models={},
    )


def year() -> Year:
    found = settle(judge(stack_document("prod")))
    assert found
    return found


counts = st.none() | st.integers(0, 10**15)
anything = st.builds(
    Used,
    requests=counts,
    input_tokens=counts,
    output_tokens=counts,
    kilowatt_hours=st.none() | st.decimals(0, 10**9, places=3),
)


@given(st.dictionaries(st.sampled_from(SLUGS), anything))
@settings(max_examples=50, deadline=None)
def test_no_amount_depends_on_use(used: dict[str, Used]) -> None:
    """To the øre, in every form that tells amounts."""
    usage, settled = together([month(used=used)]), year()
    plain = list(csv.DictReader(separated(settled).splitlines()))
    joined = list(csv.DictReader(separated(settled, usage).splitlines()))
    assert [{key: row[key] for key in plain[0]} for row in joined] == plain
    for slug in ("aarhus", "samso"):
        before, after = page(settled, slug, "da"), page(settled, slug, "da", usage)
        head, _, foot = before.partition("<footer>")
        assert after.startswith(head)
        assert after.endswith(foot)


def asked(file: Path, *words: str) -> Any:
    """What `andel price` says with a file of usage."""
    result = CliRunner().invoke(main, ["price", str(PROD), "--usage", str(file), *words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "2026-11.json"
    found.write_text(written(month(used={"aarhus": AARHUS, "samso": Used(requests=7)})), encoding="utf-8")
    return found


def test_scripts_get_the_same_prices_and_the_use_beside(file: Path) -> None:
    plain = json.loads(CliRunner().invoke(main, ["price", str(PROD), "--json"]).output)
    joined = json.loads(asked(file, "--json"))
    usage = joined.pop("usage")
    assert joined == plain
    assert usage["months"] == ["2026-11"]
    assert usage["municipalities"]["aarhus"] == {
        "requests": 1200,
        "inputTokens": 3400000,
        "outputTokens": 560000,
        "kilowattHours": "12.345",
    }
    assert usage["municipalities"]["samso"]["inputTokens"] is None


def test_people_see_what_is_unknown(file: Path) -> None:
    shown = asked(file)
    (samso,) = [line for line in shown.splitlines() if "Samsø" in line and "unknown" in line]
    assert samso.count("unknown") == 3
    assert "no amount depends on it" in shown
    rows = {row["slug"]: row for row in csv.DictReader(asked(file, "--csv").splitlines())}
    assert (rows["samso"]["requests"], rows["samso"]["input_tokens"]) == ("7", "")
    assert rows["odense"]["requests"] == ""


TOLD = {
    "da": ("Forbrug: november 2026", "3.400.000", "12,345", "ukendt", "Beløbet afhænger ikke af forbruget"),
    "de": ("Nutzung: November 2026", "3.400.000", "12,345", "unbekannt", "Der Betrag hängt nicht von der Nutzung ab"),
    "en": ("Use: November 2026", "3,400,000", "12.345", "unknown", "the amount does not depend on use"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_tells_it_in_its_language(language: str, file: Path) -> None:
    heading, tokens, energy, unknown, information = TOLD[language]
    aarhus, samso = (asked(file, "--statement", slug, "--language", language) for slug in ("aarhus", "samso"))
    for told in (heading, tokens, energy, information):
        assert told in aarhus
    assert samso.count(unknown) == 3


def test_months_are_added_and_what_is_unknown_once_is_unknown() -> None:
    known, unknown = Used(requests=2, input_tokens=3, output_tokens=4, kilowatt_hours=Decimal("0.5")), Used(requests=1)
    usage = together(
        [month("2026-11", used={"aarhus": known, "odense": known}), month("2026-10", used={"aarhus": unknown})]
    )
    assert usage.municipalities["aarhus"] == Used(requests=3)
    assert usage.municipalities["odense"] == known  # no member yet in October
    assert usage.name == "2026-10 – 2026-11"


def test_months_that_were_not_read_are_in_no_span() -> None:
    """A December and a January follow each other; a month that nobody read is not claimed."""
    usage = together([month(name) for name in ("2025-12", "2026-01", "2026-03")])
    assert usage.name == "2025-12 – 2026-01, 2026-03"
    assert "Forbrug: december 2025 – januar 2026, marts 2026<" in page(year(), "aarhus", "da", usage)


PARTS = {
    "da": ("kun talt i en del af tiden (november 2026: 52%); resten er ikke med", "kun målt i en del af tiden"),
    "de": ("nur in einem Teil der Zeit gezählt (November 2026: 52%)", "nur in einem Teil der Zeit gemessen"),
    "en": ("counted for part of the time only (November 2026: 52%)", "measured for part of the time only"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_says_of_which_part_of_the_time_it_tells(language: str) -> None:
    counted, metered = PARTS[language]
    whole = month("2026-10", used={"aarhus": AARHUS})
    half = month(used={"aarhus": AARHUS}).model_copy(update={"counted": 0.5167, "metered": 0.99})

    def told(*months: Month) -> str:
        return page(year(), "aarhus", language, together(months)).replace("\N{NO-BREAK SPACE}%", "%")

    assert counted in told(whole, half)
    assert metered not in told(whole, half)
    assert metered in told(whole, half.model_copy(update={"metered": 0.9899}))
    assert counted.split(" (")[0] not in told(whole)


def test_of_a_file_that_does_not_say_it_nobody_knows() -> None:
    """Files of before were taken for whole months."""
    silent = month(used={"aarhus": AARHUS}).model_copy(update={"counted": None})
    assert "(november 2026: ukendt)" in page(year(), "aarhus", "da", together([silent]))
    nothing = silent.model_copy(update={"metered": None, "municipalities": {"aarhus": Of(total=Used())}})
    assert "del af tiden" not in page(year(), "aarhus", "da", together([nothing]))  # no figure is told


def test_scripts_and_spreadsheets_get_the_least_part() -> None:
    half = month(used={"aarhus": AARHUS}).model_copy(update={"counted": 0.5, "notes": ("counted in 50%",)})
    usage = together([month("2026-10"), half])
    assert (plain(usage)["counted"], plain(usage)["metered"]) == (0.5, 1.0)
    assert plain(usage)["notes"] == ["2026-11: counted in 50%"]
    rows = list(csv.DictReader(separated(year(), usage).splitlines()))
    assert {(row["counted"], row["metered"]) for row in rows} == {("0.5", "1.0")}


def test_people_see_the_notes_of_each_month(file: Path) -> None:
    noted = month_of(file).model_copy(update={"notes": ("requests and tokens were counted in 50% of the time",)})
    file.write_text(written(noted), encoding="utf-8")
    assert "2026-11: requests and tokens were counted in 50% of the time" in asked(file)


def test_an_unfinished_month_says_so() -> None:
    usage = together([month(used={"aarhus": AARHUS}).model_copy(update={"complete": False})])
    assert "ikke afsluttet" in page(year(), "aarhus", "da", usage)


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ([], "no month"),
        ([month(), month()], "2026-11 is given twice"),
        ([month("2026-10"), month("2026-11", "other.example")], "of other.example"),
    ],
)
def test_months_that_do_not_fit_are_refused(months: list[Month], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        together(months)


WRONG: dict[str, Any] = {
    "version": 2,
    "month": "2026-13",
    "watched": 1.5,
    "municipalities": {"aarhus": {"total": {"requests": -1}}},
    "models": {"m": {"requests": 1.5}},
    "price": 7,
}


@pytest.mark.parametrize("field", WRONG)
def test_a_file_that_is_none_is_refused_by_its_field(field: str, tmp_path: Path) -> None:
    good = json.loads(written(month(used={"aarhus": AARHUS})))
    path = tmp_path / "usage.json"
    path.write_text(json.dumps(good))
    assert month_of(path) == month(used={"aarhus": AARHUS})
    path.write_text(json.dumps({**good, field: WRONG[field]}))
    with pytest.raises(UsageError, match=field):
        month_of(path)


def test_a_file_that_is_not_there_or_of_another_environment_is_said(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.json", "No such file"), (tmp_path / "other.json", "is of other.example")):
        (tmp_path / "other.json").write_text(written(month(environment="other.example")))
        result = CliRunner().invoke(main, ["price", str(PROD), "--usage", str(path)])
        assert result.exit_code == 1
        assert told in result.output


def test_reading_what_was_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    path.write_text(written(month(used={"aarhus": AARHUS})), encoding="utf-8")
    usage: Usage = read([path])
    assert written(usage.months[0]) == path.read_text(encoding="utf-8")
