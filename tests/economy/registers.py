# SPDX-License-Identifier: MPL-2.0
"""Environments of any register and key: made up by hand, or by hypothesis."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from config.economy import Economy
from config.environment import Environment
from config.municipalities import Member
from tests.conftest import stack_document

DEV = Environment.model_validate({key: value for key, value in stack_document("dev").items() if key != "economy"})
TIERS = {
    name: tier.model_copy(update={"price_weight": weight})
    for (name, tier), weight in zip(DEV.tiers.items(), (Decimal(1), Decimal("1.75")), strict=True)
}
OS2 = {
    "small": {"citizens": 0, "weight": 1},
    "medium": {"citizens": 25_000, "weight": 2},
    "large": {"citizens": 60_000, "weight": 4},
    "very-large": {"citizens": 120_001, "weight": 8},
}
"""OS2's classes; the weights are made up."""

KOMBIT = {"kind": "price-per-citizen", "price": 25, "cap": {"citizens": 150_000, "percent": 50}}
"""KOMBIT's price of infrastructure: 25 kr. a citizen and year, half of it for each above 150,000."""


def priced(members: dict[str, Member], key: dict[str, Any], cost: Any = 1_000_000, **changes: Any) -> Environment:
    """An environment with a register, a key and one line of cost."""
    line = {"kind": "yearly", "name": "Drift", "amount": cost}
    economy = Economy.model_validate({"year": 2026, "costs": {"all": line}, "key": key, **changes})
    return DEV.model_copy(update={"municipalities": members, "economy": economy, "tiers": TIERS})


def of_citizens(**citizens: int) -> dict[str, Member]:
    """Members of one plan, by their citizens."""
    return {slug: Member(name=slug, tier="basis", citizens=count) for slug, count in citizens.items()}


amounts = st.decimals(0, 10**9, places=2)
weights = st.decimals("0.000001", 1000, places=6)
days = st.integers(1, 364).map(lambda number: (date(2026, 1, 1) + timedelta(days=number)).isoformat())
slugs = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@st.composite
def member(draw: st.DrawFn, *, all_year: bool = False) -> Member:
    """A member, who may join or leave within the year."""
    joins, leaves = sorted(draw(st.tuples(days, days)))
    turns = {"joins": draw(st.sampled_from([None, joins])), "leaves": draw(st.sampled_from([None, leaves]))}
    if all_year or joins == leaves:
        turns = {}
    return Member(name="En", tier=draw(st.sampled_from(sorted(TIERS))), citizens=draw(st.integers(1, 700_000)), **turns)


@st.composite
def registers(draw: st.DrawFn) -> dict[str, Member]:
    """Up to 31 members, of whom one at least is there all year."""
    others = draw(st.dictionaries(slugs, member(), max_size=30))
    return {**others, draw(slugs): draw(member(all_year=True))}


@st.composite
def keys(draw: st.DrawFn, members: dict[str, Member]) -> dict[str, Any]:
    """A key that shares the cost, with which a bigger member never counts less; or weights of one's own."""
    cap = draw(st.none() | st.fixed_dictionaries({"citizens": st.integers(1, 300_000), "percent": st.integers(0, 100)}))
    ranked = sorted(draw(st.lists(weights, min_size=4, max_size=4)))
    classes = {name: {**one, "weight": weight} for (name, one), weight in zip(OS2.items(), ranked, strict=True)}
    own = draw(st.lists(weights, min_size=len(members), max_size=len(members)))
    shared: list[dict[str, Any]] = [
        {"kind": "citizens", "cap": cap},
        {"kind": "size-classes", "classes": classes},
        {"kind": "weights", "weights": dict(zip(members, own, strict=True))},
    ]
    return draw(st.sampled_from(shared))


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    """An environment that shares a cost."""
    members = draw(registers())
    return priced(members, draw(keys(members)), draw(amounts))
