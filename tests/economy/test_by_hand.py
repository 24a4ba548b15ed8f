# SPDX-License-Identifier: MPL-2.0
"""Years that somebody worked out on paper."""

from decimal import Decimal
from typing import Any

import pytest

from andel.economy.cost import lines
from andel.economy.statements import settle
from config.economy import Economy
from config.environment import Environment
from config.municipalities import Member
from config.section import Refusal

from .registers import KOMBIT, OS2, of_citizens, priced


def paid(environment: Environment) -> dict[str, Decimal]:
    """What each pays."""
    year = settle(environment)
    assert year is not None
    return {one.slug: one.amount for one in year.statements}


def test_the_classes_of_os2() -> None:
    """Weights 1, 2, 2, 4, 4 and 8 are 21; a million by 21 is 47,619.0476…

    Rounded down they are 0.02 short. The first goes to the largest remainder (0.76 of an øre, the smallest
    municipality); the second to one of two equal ones (0.52), and there to the bigger.
    """
    members = of_citizens(a=24_999, b=25_000, c=59_999, d=60_000, e=120_000, f=120_001)
    assert paid(priced(members, {"kind": "size-classes", "classes": OS2})) == {
        "a": Decimal("47619.05"),
        "b": Decimal("95238.09"),
        "c": Decimal("95238.10"),
        "d": Decimal("190476.19"),
        "e": Decimal("190476.19"),
        "f": Decimal("380952.38"),
    }


def test_a_price_list_as_kombits() -> None:
    """25 kr. a citizen; above 150,000 half: Aarhus 150,000 * 25 + 223,000 * 12.50."""
    environment = priced(of_citizens(samso=3_600, aarhus=373_000, kobenhavn=667_000), KOMBIT, 16_000_000)
    assert paid(environment) == {
        "samso": Decimal(90_000),
        "aarhus": Decimal(6_537_500),
        "kobenhavn": Decimal(10_212_500),
    }
    year = settle(environment)
    assert year is not None
    assert year.left == Decimal(840_000)


def test_joining_in_the_middle_of_the_year() -> None:
    """365,000 is 1,000 a day. Skive is there from 1 July, 184 days, and pays half of each."""
    members = of_citizens(odense=10, skive=10)
    members["skive"] = members["skive"].model_copy(update={"joins": "2026-07-01"})
    assert paid(priced(members, {"kind": "citizens"}, 365_000)) == {
        "odense": Decimal(273_000),
        "skive": Decimal(92_000),
    }


def test_leaving_in_the_middle_of_the_year() -> None:
    """The same days the other way round: who leaves on 1 July paid 181 days by half."""
    members = of_citizens(odense=10, skive=10)
    members["skive"] = members["skive"].model_copy(update={"leaves": "2026-07-01"})
    assert paid(priced(members, {"kind": "citizens"}, 365_000)) == {
        "odense": Decimal(274_500),
        "skive": Decimal(90_500),
    }


def test_a_plan_counts_on_top_of_the_key() -> None:
    """10,000 and 10,000 * 1.75: of 275,000, 100,000 and 175,000."""
    members = {
        "odense": Member(name="Odense", tier="basis", citizens=10_000),
        "skive": Member(name="Skive", tier="plus", citizens=10_000),
    }
    assert paid(priced(members, {"kind": "citizens"}, 275_000)) == {
        "odense": Decimal(100_000),
        "skive": Decimal(175_000),
    }


COSTS: dict[str, dict[str, Any]] = {
    "nodes": {"kind": "investment", "name": "N", "price": 4_800_000, "residual": 300_000, "bought": 2024, "years": 5},
    "power": {"kind": "energy", "name": "P", "kilowatts": 9.5, "overhead": 1.3, "pricePerKilowattHour": 1.15},
    "nights": {"kind": "energy", "name": "Q", "kilowatts": 2, "hours": 1000, "pricePerKilowattHour": 0.5},
    "thirds": {"kind": "investment", "name": "T", "price": 1000, "bought": 2026, "years": 3},
}


def test_depreciation_and_energy() -> None:
    """(4,800,000 - 300,000) / 5; 9.5 kW * 8,760 h * 1.3 * 1.15; 2 kW * 1,000 h * 0.50; 1,000 / 3."""
    economy = Economy.model_validate({"year": 2026, "costs": COSTS, "key": {"kind": "citizens"}})
    assert {line.key: line.amount for line in lines(economy)} == {
        "nodes": Decimal(900_000),
        "power": Decimal("124413.90"),
        "nights": Decimal(1_000),
        "thirds": Decimal("333.33"),
    }


def test_a_leap_year_has_a_day_more_of_energy() -> None:
    economy = Economy.model_validate({"year": 2028, "costs": {"power": COSTS["power"]}, "key": {"kind": "citizens"}})
    assert [line.amount for line in lines(economy)] == [Decimal("124754.76")]  # 8,784 hours


def test_a_platform_that_opens_in_april_costs_from_april() -> None:
    """275 of 365 days of 365,000."""
    environment = priced(of_citizens(odense=10), {"kind": "citizens"}, 365_000, opens="2026-04-01")
    assert paid(environment) == {"odense": Decimal(275_000)}


def test_an_investment_is_borne_whole_though_the_platform_opens_in_july() -> None:
    """(4,800,000 - 300,000) / 5 in each of five years, or 450,000 would be borne by none. What is paid by the hour
    and by the year is of 184 days: 9.5 kW * 184 * 24 h * 1.3 * 1.15; 2 kW * 1,000 h * 0.50 * 184 / 365."""
    costs = {key: COSTS[key] for key in ("power", "nights")}
    nodes = {**COSTS["nodes"], "bought": 2026}
    years = [
        Economy.model_validate({"year": 2026 + index, "costs": {**costs, "nodes": nodes}, "key": {"kind": "citizens"}})
        for index in range(5)
    ]
    opened = Economy.model_validate({**years[0].model_dump(by_alias=True), "opens": "2026-07-01"})
    assert {line.key: line.amount for line in lines(opened)} == {
        "nights": Decimal("504.11"),
        "nodes": Decimal(900_000),
        "power": Decimal("62718.24"),
    }
    borne = [line.amount for year in (opened, *years[1:]) for line in lines(year) if line.key == "nodes"]
    assert sum(borne) == Decimal(4_500_000)


def test_weights_of_ones_own() -> None:
    key = {"kind": "weights", "weights": {"odense": 1.5, "skive": 0.5}}
    assert paid(priced(of_citizens(odense=1, skive=1), key, 100)) == {"odense": Decimal(75), "skive": Decimal(25)}


@pytest.mark.parametrize("amount", [-1, 0.001, "NaN", "Infinity", 10**12])
def test_no_amount_is_below_zero_endless_or_finer_than_a_hundredth(amount: object) -> None:
    with pytest.raises((ValueError, Refusal)):
        priced(of_citizens(a=1), {"kind": "citizens"}, amount)
