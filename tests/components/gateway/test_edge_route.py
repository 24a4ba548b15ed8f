# SPDX-License-Identifier: MPL-2.0
"""Who reaches which model, and what may leave the platform: requests are put to the rules, as the gateway does it."""

from typing import Any

import pytest

from components.edge.headers import MODEL, MODELS, MUNICIPALITY, OVERFLOW, TIER
from components.edge_route import EdgeRouteArgs, rules
from components.offers import edge_route, model_list
from components.request_headers import DATA_CLASS, ENTRY
from config.environment import Environment
from config.judge import judge
from tests.config.edits import edited, environment_of

from .routing import chosen, names, weight

DOCUMENT = environment_of("tests/environments/Pulumi.routes.yaml")


def route(model: str, environment: Environment | None = None) -> EdgeRouteArgs:
    environment = environment or judge(DOCUMENT)
    assert environment.gateway is not None
    args = edge_route(environment, environment.gateway, model)
    assert args is not None
    return args


def asked(
    model: str, tier: str, municipality: str = "skive", kind: str | None = None, **changes: str | None
) -> dict[str, str]:
    """Headers of a request after identity, of a key that may use its whole plan and may leave."""
    said = {"models": "*", "overflow": "allowed", **changes}
    found = {MODEL: model, TIER: tier, MUNICIPALITY: municipality, DATA_CLASS: kind}
    found |= {MODELS: said["models"], OVERFLOW: said["overflow"]}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("model", "tier", "reached"),
    [
        ("text", "small", True),
        ("text", "large", True),
        ("letters", "small", True),
        ("harmless", "large", True),
        ("harmless", "small", False),
        ("text", "largest", False),
        ("text", "smal", False),
        ("text", "", False),
        ("text-next", "large", False),
        ("tex", "large", False),
    ],
)
def test_a_tier_reaches_its_models_and_no_other(model: str, tier: str, reached: bool) -> None:
    written = [rule for entry in ("text", "harmless", "ranking") for rule in rules(route(entry))]
    assert bool(names(chosen(written, asked(model, tier)))) == reached


@pytest.mark.parametrize(
    ("model", "models", "reached"),
    [
        ("text", "text", True),
        ("text", "harmless,text", True),
        ("text", "text,harmless", True),
        ("text", "a,text,z", True),
        ("letters", "letters", True),
        ("letters", "text", False),  # an adapter is a model of its own
        ("text", "letters", False),
        ("text", "text-next", False),
        ("text", "context,text-next", False),
        ("text", "texts,tex", False),
        ("harmless", "text", False),
        ("harmless", "-", False),
        ("harmless", "", False),
        ("harmless", None, False),  # nobody said anything: identity always does
        ("text", "**", False),
        ("text", "text-next,*", False),
        ("text-next", "text-next", False),  # a key never widens its plan
        ("text-next", "*", False),
    ],
)
def test_a_key_reaches_the_models_that_it_names_and_none_beyond_its_plan(
    model: str, models: str | None, reached: bool
) -> None:
    written = [rule for entry in ("text", "harmless", "ranking") for rule in rules(route(entry))]
    assert bool(names(chosen(written, asked(model, "large", models=models)))) == reached
    assert not names(chosen(written, asked("harmless", "small", models="harmless")))


@pytest.mark.parametrize("consent", ["withheld", "", None, "true", "allowed,withheld", "ALLOWED"])
@pytest.mark.parametrize(("model", "town", "kind"), [("text", "aarhus", "public"), ("harmless", "odense", None)])
def test_without_its_municipalitys_consent_nothing_leaves(
    model: str, town: str, kind: str | None, consent: str | None
) -> None:
    request = asked(model, "large", town, kind)
    assert "inner" not in names(chosen(rules(route(model)), request))[-1]
    stayed = chosen_for(model, asked(model, "large", town, kind, overflow=consent))
    assert {one["name"] for one in stayed["backendRefs"]} == {"inner"}


def test_a_canary_that_no_tier_names_has_no_route_of_its_own() -> None:
    environment = judge(DOCUMENT)
    assert environment.gateway is not None
    assert edge_route(environment, environment.gateway, "text-next") is None


def test_a_canary_gets_its_part_under_its_own_name() -> None:
    (old, new) = chosen_for("text", asked("text", "small"))["backendRefs"]
    assert (old["name"], old["weight"], old.get("modelNameOverride")) == ("inner", 90, None)
    assert (new["name"], new["weight"], new["modelNameOverride"]) == ("inner", 10, "text-next")
    assert [one["headerMutation"]["set"] for one in (old, new)] == [
        [{"name": ENTRY, "value": "text"}],
        [{"name": ENTRY, "value": "text-next"}],
    ]


def test_an_adapter_is_not_parted() -> None:
    (only,) = chosen_for("text", asked("letters", "small"))["backendRefs"]
    assert "weight" not in only
    assert only["headerMutation"]["set"] == [{"name": ENTRY, "value": "text"}]


@pytest.mark.parametrize(
    ("model", "municipality", "kind", "leaves"),
    [
        ("text", "aarhus", "public", True),
        ("text", "odense", "internal", True),
        ("text", "aarhus", None, False),  # not said, and `unclassified` is not set
        ("text", "aarhus", "personal", False),
        ("text", "aarhus", "publicly", False),
        ("text", "aarhus", "public,personal", False),
        ("text", "aarhus", "", False),
        ("text", "skive", "public", False),  # did not opt in
        ("text", "aarhus2", "public", False),
        ("letters", "aarhus", "public", False),  # an adapter is nowhere else
        ("harmless", "odense", "public", True),
        ("harmless", "odense", None, True),
        ("harmless", "odense", "", True),
        ("harmless", "odense", "personal", False),
        ("harmless", "odense", "Public", False),
        ("harmless", "aarhus", "public", False),
    ],
)
def test_what_may_leave(model: str, municipality: str, kind: str | None, leaves: bool) -> None:
    entry = "text" if model == "letters" else model
    rule = chosen_for(entry, asked(model, "large", municipality, kind))
    ours = [one for one in rule["backendRefs"] if one["name"] == "inner"]
    outside = [one for one in rule["backendRefs"] if one["name"] != "inner"]
    assert ours  # our own models are always asked first
    assert all(one.get("priority", 0) == 0 for one in ours)
    assert bool(outside) == leaves
    assert all(one["priority"] == 1 for one in outside)


def chosen_for(entry: str, headers: dict[str, str]) -> dict[str, Any]:
    rule = chosen(rules(route(entry)), headers)
    assert rule is not None
    return rule


def test_no_two_rules_that_one_request_meets_are_of_one_rank() -> None:
    """Between equals the older route wins: a choice by chance."""
    requests = [
        asked("harmless", tier, town, kind, overflow=overflow)
        for tier in ("small", "large")
        for town in ("odense", "skive")
        for kind in (None, "", "public", "personal")
        for overflow in ("allowed", "withheld")
    ]
    for headers in requests:
        met = [
            weight(match)
            for rule in rules(route("harmless"))
            for match in rule["matches"]
            if chosen([{**rule, "matches": [match]}], headers)
        ]
        assert len(met) == len(set(met)), headers


def test_ninety_eight_municipalities_and_fifteen_tiers_fit_into_one_route() -> None:
    tiers = {
        f"tiers.t{n:02}": {**DOCUMENT["tiers"]["large"], "priority": 30 + n, "models": ["text", "letters"]}
        for n in range(13)
    }
    towns = [f"municipality-number-{n}" for n in range(98)]
    members = {f"municipalities.{town}": {"name": town, "tier": "large", "citizens": 9} for town in towns}
    environment = judge(edited(DOCUMENT, {**tiers, **members, "overflow.sweden.municipalities": towns}))
    written = rules(route("text", environment))
    headers = [header for rule in written for match in rule["matches"] for header in match["headers"]]
    assert max(len(header["value"]) for header in headers) <= 4096  # Gateway API's longest
    assert len(written) <= 15
    assert max(len(rule["matches"]) for rule in written) <= 64
    assert names(chosen(written, asked("text", "t12", "municipality-number-97", "public"))) == [
        "inner",
        "inner",
        "overflow-sweden",
    ]


def test_a_list_shows_what_a_tier_may_use_with_what_it_may_send() -> None:
    args = model_list(judge(DOCUMENT))
    assert args.tiers == {
        "small": {"text": 8192, "letters": 8192, "ranking": 512},
        "large": {"text": 16384, "letters": 16384, "harmless": 8192, "ranking": 512},
    }
