# SPDX-License-Identifier: MPL-2.0
"""`andel usage` without a Prometheus: days of a month, what is unknown, and what it says when there is nobody to ask.

What a real Prometheus answers is in `tests/live/test_prometheus.py`.
"""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest
from click.testing import CliRunner

from andel.__main__ import main
from andel.economy.usage import Month, UsageError, month_of
from andel.release import release
from andel.usage import command
from andel.usage.month import days, span
from andel.usage.prometheus import Prometheus
from andel.usage.reading import count, notes, questions
from components.monitoring.series import exported, of_picker
from config.judge import judge
from config.release import ReleaseName
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADDRESS = "http://prometheus.example:9090"
EPP = release(ReleaseName.R2026_11).epp
ENVIRONMENT = judge(edited(stack_document("dev"), {"monitoring.prometheus": ADDRESS}))

Series = dict[str, list[tuple[dict[str, str], float]]]
EDGE = {"andel_municipality": "aarhus", "gen_ai_original_model": "mistral-small"}
WATCHED = 'max(up{andel_model!=""}) == 1'
AT_EDGE, AT_PICKERS = 'up{job="andel-gateway/edge-tokens"}) == 1', 'up{andel_picker!=""}) == 1'
TOLD: Series = {
    AT_EDGE: [({}, 10**9)],
    AT_PICKERS: [({}, 10**9)],
    "gen_ai_server_request_duration_seconds_count": [(EDGE, 3.4)],
    "gen_ai_client_token_usage_sum": [
        ({**EDGE, "gen_ai_token_type": "input"}, 100.2),
        ({**EDGE, "gen_ai_token_type": "output"}, 20),
    ],
    of_picker(EPP, "flow_control_request_queue_duration_seconds_count"): [
        ({"fairness_id": "odense", "inference_pool": "mistral-small-inference-pool"}, 5)
    ],
    "vllm:request_success_total": [({"andel_model": "mistral-small"}, 4)],
    "vllm:prompt_tokens_total": [({"andel_model": "mistral-small"}, 110)],
    "vllm:generation_tokens_total": [({"andel_model": "mistral-small"}, 22)],
    "andel:municipality_watts:sum": [({"municipality": "aarhus"}, 36_000)],
    "sum(andel:model_watts:sum)": [({}, 10**9)],
    "andel:model_watts:sum": [({"andel_model": "mistral-small"}, 72_000)],
    WATCHED: [({}, 10**9)],
}
"""Each day the same, by what a question speaks of; the first that fits."""


def telling(series: Series, asked: list[tuple[str, float]] | None = None) -> Callable[..., Prometheus]:
    """A Prometheus that answers every question by the series it speaks of."""

    def answer(request: httpx.Request) -> httpx.Response:
        form = {key: one[0] for key, one in parse_qs(request.content.decode()).items()}
        if asked is not None:
            asked.append((form["query"], float(form["time"])))
        found = next((one for name, one in series.items() if name in form["query"]), [])
        result = [{"metric": labels, "value": [0, str(value)]} for labels, value in found]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})

    return partial(Prometheus, transport=httpx.MockTransport(answer))


def read(monkeypatch: pytest.MonkeyPatch, series: Series, month: str = "2026-10") -> Month:
    """A month of dev."""
    monkeypatch.setattr(command, "Prometheus", telling(series))
    return command.read(ENVIRONMENT, month, None, NOW)


def test_a_month_is_the_calendars_in_its_zone() -> None:
    """October has a day of 25 hours there, and March one of 23."""
    whole, complete = span("2026-10", ZONE, NOW)
    assert (whole.start.isoformat(), whole.end.isoformat()) == (
        "2026-09-30T22:00:00+00:00",
        "2026-10-31T23:00:00+00:00",
    )
    assert complete
    assert [one.seconds // 3600 for one in days(whole, ZONE)] == [24] * 24 + [25] + [24] * 6
    spring, _ = span("2026-03", ZONE, NOW)
    assert sorted({one.seconds // 3600 for one in days(spring, ZONE)}) == [23, 24]
    december, _ = span("2025-12", ZONE, NOW)
    assert december.end == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_a_month_that_runs_is_read_up_to_now() -> None:
    whole, complete = span("2026-11", ZONE, NOW)
    assert (whole.end, complete) == (NOW, False)
    parts = list(days(whole, ZONE))
    assert len(parts) == 21
    assert sum(one.seconds for one in parts) == whole.seconds
    assert [one.end for one in parts[:-1]] == [one.start for one in parts[1:]]


@pytest.mark.parametrize("month", ["2026-12", "2027-01"])
def test_a_month_in_the_future_is_refused(month: str) -> None:
    with pytest.raises(UsageError, match="has not begun"):
        span(month, ZONE, NOW)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "november", "2026-11-01"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(UsageError, match="no month"):
        span(month, ZONE, NOW)


def test_days_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    """31 days of each figure; a part of a request is what Prometheus makes of times between readings."""
    month = read(monkeypatch, TOLD)
    aarhus = month.municipalities["aarhus"]
    assert aarhus.models["mistral-small"].requests == round(31 * 3.4)
    assert aarhus.total.input_tokens == round(31 * 100.2)
    assert aarhus.total.output_tokens == 31 * 20
    assert aarhus.total.kilowatt_hours == Decimal("0.310")
    model = month.models["mistral-small"]
    assert (model.requests, model.input_tokens, model.kilowatt_hours) == (124, 3410, Decimal("0.620"))
    assert month.models["e5-large"].requests is None  # it tells nothing
    assert month.complete
    assert month.watched == 1
    assert month.notes == ()


def test_who_used_nothing_is_told_and_a_former_member_too(monkeypatch: pytest.MonkeyPatch) -> None:
    month = read(monkeypatch, TOLD)
    assert set(month.municipalities) == {"aarhus", "odense", "ringkobing-skjern", "samso"}
    assert month.municipalities["samso"].total.requests == 0
    former = ({**EDGE, "andel_municipality": "former"}, 1.0)
    month = read(monkeypatch, {**TOLD, "gen_ai_server_request_duration_seconds_count": [former]})
    assert month.municipalities["former"].total.requests == 31


def test_without_counts_at_the_edge_pickers_tell_requests_and_tokens_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    month = read(monkeypatch, {name: one for name, one in TOLD.items() if not name.startswith("gen_ai")})
    odense = month.municipalities["odense"]
    assert odense.models["mistral-small"].requests == 155
    assert (odense.total.input_tokens, odense.total.output_tokens) == (None, None)
    assert any("tokens are unknown" in note for note in month.notes)


def test_energy_that_nobody_measured_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    month = read(monkeypatch, {name: one for name, one in TOLD.items() if "watts" not in name})
    assert {of.total.kilowatt_hours for of in month.municipalities.values()} == {None}
    assert month.models["mistral-small"].kilowatt_hours is None
    assert any("energy of municipalities is unknown" in note for note in month.notes)


def test_time_that_was_not_watched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    month = read(monkeypatch, {**TOLD, WATCHED: [({}, 43_200)], "sum(andel:model_watts:sum)": [({}, 21_600)]})
    assert month.watched == pytest.approx(0.5, abs=0.01)
    assert any("saw the platform in 50%" in note for note in month.notes)
    assert any("power was told in 25%" in note for note in month.notes)


HALF = {"edge": AT_EDGE, "pickers": AT_PICKERS}


@pytest.mark.parametrize("who", HALF)
def test_counts_of_a_part_of_the_time_are_said_to_be(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines were watched all month, and who counts requests for half of each day: that is no month of use."""
    counting = TOLD if who == "edge" else {name: one for name, one in TOLD.items() if not name.startswith("gen_ai")}
    whole = read(monkeypatch, counting)
    assert (whole.watched, whole.counted) == (1, 1)
    assert not any("of the time" in note for note in whole.notes)
    half = read(monkeypatch, {**counting, HALF[who]: [({}, 43_200)]})
    assert half.watched == 1
    assert half.counted == pytest.approx(0.5, abs=0.01)
    assert half.municipalities == whole.municipalities  # nothing is made up for the rest
    (note,) = [note for note in half.notes if "of the time" in note]
    assert ("requests and tokens" if who == "edge" else "requests were") in note
    assert "in 50% of the time" in note


def test_a_month_of_which_nothing_was_counted_at_the_edge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its requests are not none: they are of none of the time."""
    month = read(monkeypatch, {name: one for name, one in TOLD.items() if name != AT_EDGE})
    assert month.counted == 0
    nobody = read(monkeypatch, {WATCHED: [({}, 10**9)]})
    assert (nobody.counted, nobody.metered) == (None, None)


def test_a_page_that_fails_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus has `up` of pods that it can't read, at 0; so each is asked for as it is when it answers."""
    asked: list[tuple[str, float]] = []
    whole, _ = span("2026-10", ZONE, NOW)
    count(telling(TOLD, asked)(ADDRESS), EPP, days(whole, ZONE))
    pages = {query for query, _ in asked if "up{" in query}
    assert len(pages) == 3 * 2  # by days of 24 hours, and of 25
    assert all(re.search(r"max\(up\{[^}]+}\) == 1\)", query) for query in pages)


def test_a_day_is_asked_at_its_end_and_over_its_length() -> None:
    asked: list[tuple[str, float]] = []
    whole, _ = span("2026-10", ZONE, NOW)
    counted = count(telling(TOLD, asked)(ADDRESS), EPP, days(whole, ZONE))
    assert counted.seconds == whole.seconds
    requests = [(query, at) for query, at in asked if "increase(gen_ai_server" in query]
    assert len(requests) == 31
    (long,) = [at for query, at in requests if "[90000s]" in query]
    assert datetime.fromtimestamp(long, UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert notes(counted) == ()


def test_only_what_somebody_exports_is_asked_for() -> None:
    names = {name for expr, _ in questions(EPP, "[60s]").values() for name in re.findall(r"[a-z_:]+(?=[\[{])", expr)}
    told = {name for name in names if not name.startswith("andel:")}
    assert told <= exported(EPP)
    assert len(told) == 6


def refusing(status: int, body: str) -> Callable[..., Prometheus]:
    """A server that answers every question alike."""
    return partial(Prometheus, transport=httpx.MockTransport(lambda _: httpx.Response(status, text=body)))


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


SILENT: Series = {}
TROUBLE: dict[str, tuple[Callable[..., Prometheus], str]] = {
    "away": (partial(Prometheus, transport=httpx.MockTransport(unreachable)), "is not reached at .*port-forward"),
    "no Prometheus": (refusing(200, "<html>"), "is it the right address"),
    "a login": (refusing(302, ""), "answers 302"),
    "a list": (refusing(200, "[]"), "is it the right address"),
    "too much": (refusing(422, json.dumps({"status": "error", "error": "too many samples"})), "too many samples"),
    "another one": (telling(SILENT), "knows no model of this platform in 2026-10.*keeps 45 days"),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_is_said_in_words(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prometheus, told = TROUBLE[what]
    monkeypatch.setattr(command, "Prometheus", prometheus)
    with pytest.raises(UsageError, match=told):
        command.read(ENVIRONMENT, "2026-10", None, NOW)


def test_who_names_no_prometheus_is_told_how() -> None:
    with pytest.raises(UsageError, match="--prometheus URL"):
        command.read(judge(stack_document("dev")), "2026-10", None, NOW)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """The command on dev, in a month that is over."""
    monkeypatch.setattr(command, "Prometheus", telling(TOLD))
    asked = ["usage", str(ROOT / "Pulumi.dev.yaml"), "--month", "2025-10", "--prometheus", ADDRESS, *words]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_people_scripts_and_spreadsheets_get_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "2025-10.json"
    shown = run(monkeypatch, "--out", str(out))
    assert "Ringkøbing-Skjern" in shown
    assert "what is paid does not depend on it" in shown
    assert run(monkeypatch, "--json") == out.read_text(encoding="utf-8")
    total = month_of(out).municipalities["aarhus"].total
    rows = list(csv.DictReader(run(monkeypatch, "--csv").splitlines()))
    (row,) = [one for one in rows if one["slug"] == "aarhus" and not one["model"]]
    assert (row["requests"], row["kilowatt_hours"]) == (str(total.requests), str(total.kilowatt_hours))
    assert [one["input_tokens"] for one in rows if one["model"] == "mistral-small"] == [str(total.input_tokens)]
    assert {(one["counted"], one["metered"]) for one in rows} == {("1.0", "1.0")}
    monkeypatch.setitem(TOLD, AT_EDGE, [({}, 43_200)])
    assert {one["counted"] for one in csv.DictReader(run(monkeypatch, "--csv").splitlines())} == {"0.4993"}
    assert json.loads(run(monkeypatch, "--json"))["counted"] == 0.4993
    assert "requests and tokens were counted in 50% of the time" in run(monkeypatch)


def test_a_file_that_can_not_be_written_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "Prometheus", telling(TOLD))
    out = tmp_path / "none" / "month.json"
    asked = ["usage", str(ROOT / "Pulumi.dev.yaml"), "--month", "2025-10", "--prometheus", ADDRESS, "--out", str(out)]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 1
    assert f"{out}: No such file or directory" in result.output


def test_what_is_unknown_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Prometheus", telling({WATCHED: [({}, 10**9)]}))
    asked = ["usage", str(ROOT / "Pulumi.dev.yaml"), "--month", "2025-10", "--prometheus", ADDRESS]
    shown = CliRunner().invoke(main, asked).stdout
    (samso,) = [line for line in shown.splitlines() if "Samsø" in line]
    assert samso.count("unknown") == 4
