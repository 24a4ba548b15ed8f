# SPDX-License-Identifier: MPL-2.0
"""Limits of tiers as Envoy Gateway's rules, and the names of the counters that the budget is read from."""

import json
from typing import Any

import pytest

from components.edge.budget import counters
from components.edge.rules import DOMAIN, METADATA, month_entries, month_rule, rules

from .arguments import TIERS, tier


def test_every_tier_has_three_rules_whatever_the_number_of_members() -> None:
    written = rules(TIERS)
    assert [(rule["limit"]["requests"], rule["limit"]["unit"]) for rule in written] == [
        (6, "Minute"),
        (100, "Minute"),
        (1000, "Year"),
    ] * 2
    assert all(rule["shared"] for rule in written)


def test_a_rule_holds_for_a_tier_and_counts_each_municipality_by_itself() -> None:
    for rule, name in zip(rules(TIERS), ["basis"] * 3 + ["plus"] * 3, strict=True):
        (selector,) = rule["clientSelectors"]
        by_name = {header["name"]: header for header in selector["headers"]}
        assert by_name["x-andel-tier"] == {"name": "x-andel-tier", "type": "Exact", "value": name}
        assert by_name["x-andel-municipality"]["type"] == "Distinct"
        assert ("x-andel-period" in by_name) == (rule["limit"]["unit"] == "Year")


def test_lists_of_models_cost_nothing_and_are_never_refused() -> None:
    """A look-up of a budget that is used up would refuse a GET too, if the rule knew no method."""
    assert {json.dumps(rule["clientSelectors"][0]["methods"]) for rule in rules(TIERS)} == {'[{"value": "POST"}]'}


def test_tokens_are_counted_once_after_the_answer() -> None:
    requests, minute, month = rules({"plus": tier()})
    assert "cost" not in requests
    for rule in (minute, month):
        assert rule["cost"] == {
            "request": {"from": "Number", "number": 0},
            "response": {"from": "Metadata", "metadata": METADATA},
        }


@pytest.mark.parametrize(("beyond", "shadow"), [("soft", True), ("hard", None)])
def test_a_soft_month_is_counted_and_never_refuses(beyond: str, shadow: bool | None) -> None:
    written = rules({"plus": tier(beyond)})
    assert [rule.get("shadowMode") for rule in written] == [None, None, shadow]


def test_a_plans_place_follows_its_name_and_not_the_order_of_the_file() -> None:
    """The engine hands mappings on sorted, a preview as they stand: counters must have one name."""
    turned = dict(reversed(TIERS.items()))
    assert rules(turned) == rules(TIERS)
    assert [month_rule(turned, name) for name in ("basis", "plus")] == [2, 5]


def test_the_budget_reads_the_counters_of_soft_months_alone() -> None:
    written = json.loads(counters(TIERS))
    assert written["domain"] == DOMAIN
    (outermost,) = written["descriptors"]
    seen: list[tuple[str, str]] = []
    at: dict[str, Any] = outermost
    while True:
        seen.append((at["key"], at.get("value", "")))
        if "rate_limit" in at:
            break
        (at,) = at["descriptors"]
    assert seen == month_entries(5, "", "")
    assert at["rate_limit"] == {"unit": "year", "requests_per_unit": 1000}
    assert at["shadow_mode"] is True


def test_a_counter_is_named_as_envoy_gateway_names_it() -> None:
    """Source: Envoy Gateway v1.8.3, internal/xds/translator/ratelimit.go."""
    assert month_entries(5, "aarhus", "2026-11") == [
        ("andel-gateway/edge-limits/rule/5", "andel-gateway/edge-limits/rule/5"),
        ("rule-5-match-0", "rule-5-match-0"),
        ("rule-5-match-1", "aarhus"),
        ("rule-5-match-2", "2026-11"),
        ("rule-5-method", "rule-5-method"),
    ]
