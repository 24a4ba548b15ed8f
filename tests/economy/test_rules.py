# SPDX-License-Identifier: MPL-2.0
"""What is refused because counting shows it, and that every setting counts for something."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from andel.economy.figures import prices
from andel.release.admission import judged
from config.section import Path, Refusal, dotted
from tests.config.edits import edited
from tests.conftest import stack_document

MEMBERS = {slug: stack_document("dev")["municipalities"][slug] for slug in ("aarhus", "odense")}
DEV = edited(stack_document("dev"), {"municipalities": MEMBERS})
LIST = {"kind": "price-per-citizen", "price": 1.71, "reserve": 0}


@pytest.mark.parametrize(
    ("key", "missing"),
    [
        (LIST, "1360.00 is missing"),  # 584,000 citizens pay 998,640 of 1,000,000
        ({**LIST, "reserve": 1359.99}, "the reserve may add 1359.99"),
    ],
)
def test_a_price_list_that_misses_the_cost_is_refused_with_one_that_covers_it(
    key: dict[str, Any], missing: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        judged(edited(DEV, {"economy.key": key}))
    (mistake,) = refusal.value.mistakes
    assert dotted(mistake.path) == "economy.key.price"
    assert missing in mistake.wrong
    price = mistake.mend.split()[1].rstrip(",")
    judged(edited(DEV, {"economy.key": {**key, "price": float(price)}}))


def test_a_price_of_nothing_is_answered_with_one_that_covers_the_cost() -> None:
    """There are members, so it is the price that is wrong."""
    with pytest.raises(Refusal) as refusal:
        judged(edited(DEV, {"economy.key": {**LIST, "price": 0}}))
    price = refusal.value.mistakes[0].mend.removeprefix("write ").split(",")[0]
    judged(edited(DEV, {"economy.key": {**LIST, "price": float(price)}}))


def test_what_the_reserve_covers_is_admitted() -> None:
    """The near miss of the one above, to the hundredth."""
    year = prices(judged(edited(DEV, {"economy.key": {**LIST, "reserve": 1360}})))
    assert year is not None
    assert (year["paid"], year["left"]) == ("998640.00", "-1360.00")


KEYS: list[dict[str, Any]] = [
    {"kind": "citizens", "cap": {"citizens": 150_000, "percent": 50}},
    {"kind": "weights", "weights": {"aarhus": 3, "odense": 2}},
    {"kind": "price-per-citizen", "price": 29, "cap": {"citizens": 150_000, "percent": 50}},
]


def numbers(value: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Every number of a key."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from numbers(item, (*path, key))
        elif isinstance(item, int):
            yield (*path, key), item


@pytest.mark.parametrize(
    ("key", "path", "value"), [(key, path, value) for key in KEYS for path, value in numbers(key)], ids=str
)
def test_every_number_of_a_key_changes_what_somebody_pays(key: dict[str, Any], path: Path, value: int) -> None:
    before = edited(DEV, {"economy.key": key})
    after = edited(before, {f"economy.key.{dotted(path)}": value + 1})
    assert prices(judged(before)) != prices(judged(after))


def test_figures_are_plain_data_with_exact_amounts() -> None:
    """An output of a stack is JSON: a float would lose a hundredth of a large sum."""
    figures = prices(judged(stack_document("prod")))
    assert figures is not None
    assert json.loads(json.dumps(figures)) == figures
    assert all(isinstance(one["amount"], str) for one in figures["statements"].values())


def test_before_anybody_joined_all_of_the_cost_is_missing() -> None:
    figures = prices(judged(edited(DEV, {"municipalities": {}})))
    assert figures is not None
    assert (figures["paid"], figures["left"]) == ("0.00", "-1000000.00")


def test_an_environment_without_an_economy_has_no_prices() -> None:
    assert prices(judged({key: value for key, value in DEV.items() if key != "economy"})) is None
