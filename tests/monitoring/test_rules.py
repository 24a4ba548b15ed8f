# SPDX-License-Identifier: MPL-2.0
"""Rules and boards: every alert is tried and has a page, every metric that is read is exported or recorded."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from andel.release import release
from andel.usage.reading import questions
from components.monitoring.boards import boards
from components.monitoring.economy import figures
from components.monitoring.series import exported, of_picker
from config.judge import judge
from config.release import ReleaseName
from tests.conftest import ROOT, stack_document

from .cases import ALERTS, FIGURES, all_boards, environment, groups

RUNBOOKS = ROOT / "docs" / "runbooks"
DIALECT = release(environment().release.name).epp
RULES = [rule for rules in groups().values() for rule in rules]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
BOARDS = all_boards()
ALERTING = [rule for rule in RULES if "alert" in rule]

FUNCTIONS = {
    *("sum", "rate", "increase", "avg", "max", "count", "topk", "absent", "vector", "label_replace", "label_values"),
    *("histogram_quantile", "avg_over_time", "sum_over_time", "by", "on", "group_left", "or", "and", "unless"),
}
"""Words of PromQL that are no metrics."""


def metrics(expr: str) -> set[str]:
    """Names of metrics that an expression reads."""
    bare = re.sub(r"\{[^}]*\}|'[^']*'|\"[^\"]*\"|\[[^]]*\]|\b(by|on|group_left)\s*\([^)]*\)", " ", expr)
    return set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_:]*", bare)) - FUNCTIONS


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, with who reads it."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for one in BOARDS:
        for panel in one["panels"]:
            for target in panel["targets"]:
                yield f"{one['uid']}: {panel['title']}", target["expr"]
        for variable in one["templating"]["list"][1:]:
            yield (
                f"{one['uid']}: {variable['name']}",
                variable["query"]["query"].split(",")[0].removeprefix("label_values("),
            )
    for name, (expr, _) in questions(DIALECT, "[60s]").items():
        yield f"andel usage: {name}", expr


def test_every_metric_that_is_read_is_exported_or_recorded() -> None:
    """A name that nobody exports draws an empty panel, and an alert on it never fires."""
    known = exported(DIALECT) | RECORDED | {"ALERTS"}
    assert {about: metrics(expr) - known for about, expr in expressions() if metrics(expr) - known} == {}


def test_every_metric_that_is_listed_is_read() -> None:
    """A list that nobody reads grows stale."""
    read = set().union(*(metrics(expr) for _, expr in expressions()))
    assert exported(DIALECT) - read == set()


def test_every_alert_fires_in_a_case_and_is_silent_in_another() -> None:
    assert {rule["alert"] for rule in ALERTING} == set(ALERTS)
    assert all(case.fires != case.silent for case in ALERTS.values())


def test_a_release_with_another_picker_reads_its_names() -> None:
    lab = release(ReleaseName.R2026_11_LAB).epp
    assert of_picker(lab, "flow_control_queue_size") == "inference_extension_flow_control_queue_size"
    with pytest.raises(KeyError):
        of_picker(lab, "flow_control_mood")


@pytest.mark.parametrize("rule", ALERTING, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    page = RUNBOOKS / rule["annotations"]["runbook_url"].rsplit("/", 1)[1]
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {rule['alert']}\n")
    assert "## Look" in text
    assert "## Do" in text
    for link in re.findall(r"\]\(([^)]+\.md)\)", text):
        assert (RUNBOOKS / link).exists(), link


def test_every_page_is_of_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == set(ALERTS)


def test_pages_are_linked_where_they_are_published() -> None:
    from components.monitoring.alerts import all_alerts

    one = environment()
    assert one.monitoring is not None
    published = one.monitoring.model_copy(update={"runbooks": "https://docs.example.dk/runbooks/"})
    rules = all_alerts(one.model_copy(update={"monitoring": published}), DIALECT)["andel-models"]
    assert rules[0]["annotations"]["runbook_url"] == "https://docs.example.dk/runbooks/ModelDown.md"


def test_recorded_names_are_one_figure_each() -> None:
    """Two rules of one name differ in their labels, or the second overwrites the first."""
    seen = [(rule["record"], tuple(sorted(rule.get("labels", {}).items()))) for rule in RULES if "record" in rule]
    assert len(seen) == len(set(seen))
    assert all(name.startswith("andel:") for name, _ in seen)
    assert len({about for about, *_ in FIGURES}) == len(FIGURES)


@pytest.mark.parametrize("one", BOARDS, ids=lambda one: one["uid"])
def test_every_panel_has_a_title_a_unit_and_the_boards_source(one: dict[str, Any]) -> None:
    assert one["templating"]["list"][0]["type"] == "datasource"
    assert len({panel["id"] for panel in one["panels"]}) == len(one["panels"])
    for panel in one["panels"]:
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} == {
            "${datasource}"
        }


def test_no_two_panels_lie_on_each_other() -> None:
    for one in BOARDS:
        places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in one["panels"]}
        assert len(places) == len(one["panels"])
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in one["panels"])


def test_boards_and_variables_are_of_what_there_is() -> None:
    """Variables are used by the board that declares them; an environment without tiers has no board of them."""
    assert len({one["uid"] for one in BOARDS}) == len(BOARDS) == 8
    for one in BOARDS:
        for variable in one["templating"]["list"][1:]:
            assert any(
                f"${variable['name']}" in target["expr"] for panel in one["panels"] for target in panel["targets"]
            )
    bare = {
        key: value for key, value in stack_document("dev").items() if key not in ("tiers", "gateway", "municipalities")
    }
    assert "andel-fairness" not in {one.uid for one in boards(judge(bare), DIALECT)}


def test_an_hour_of_gpus_is_one_in_which_the_platform_is_open() -> None:
    """From 1 July 2026 there are 184 days of 24 hours, and the year's cost is of these."""
    for opens, hours in ((None, 8760), ("2026-07-01", 4416)):
        one = environment()
        assert one.economy is not None
        opened = one.model_copy(update={"economy": one.economy.model_copy(update={"opens": opens})})
        (rule,) = [rule for rule in figures(opened) if rule["record"] == "andel:economy_gpus_per_million_tokens:amount"]
        assert f"/ {hours} /" in rule["expr"]
