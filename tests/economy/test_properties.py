# SPDX-License-Identifier: MPL-2.0
"""What holds for every register, key and cost."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andel.economy.figures import prices
from andel.economy.money import rounded_together
from andel.economy.statements import Statement, Year, settle
from config.environment import Environment
from config.municipalities import Member

from .registers import KOMBIT, OS2, amounts, environments, keys, member, priced, registers

# Shared machines are slow at times; the number of examples is what counts.
settings.register_profile("andel", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("andel")


def year_of(environment: Environment) -> Year:
    """The statements, which are there."""
    year = settle(environment)
    assert year is not None
    return year


def by_slug(environment: Environment) -> dict[str, Statement]:
    """Statements by slug."""
    return {one.slug: one for one in year_of(environment).statements}


@given(environments())
def test_statements_sum_to_the_cost_to_the_hundredth(environment: Environment) -> None:
    year = year_of(environment)
    assert sum(one.exact for one in year.statements) == Fraction(year.cost)
    assert year.paid == year.cost
    assert year.left == 0
    assert all(one.amount == one.amount.quantize(Decimal("0.01")) >= 0 for one in year.statements)


@given(environments())
def test_rounding_moves_nobody_by_a_hundredth(environment: Environment) -> None:
    assert all(abs(Fraction(one.amount) - one.exact) < Fraction(1, 100) for one in year_of(environment).statements)


@given(environments())
def test_a_bigger_share_is_never_rounded_to_less(environment: Environment) -> None:
    ranked = sorted(year_of(environment).statements, key=lambda one: (one.exact, one.amount))
    for smaller, bigger in pairwise(ranked):
        assert smaller.amount <= bigger.amount or smaller.exact == bigger.exact


@given(environments())
def test_a_bigger_municipality_of_the_same_plan_and_days_never_pays_less(environment: Environment) -> None:
    if environment.economy is not None and environment.economy.key.kind == "weights":
        return  # its rule says nothing of size
    never_less_by_size(environment)


@given(registers(), st.decimals(0, 200, places=2), st.integers(1, 300_000), st.integers(0, 100))
def test_nor_does_it_by_a_price_list(members: dict[str, Member], price: Decimal, citizens: int, percent: int) -> None:
    never_less_by_size(priced(members, {**KOMBIT, "price": price, "cap": {"citizens": citizens, "percent": percent}}))


def never_less_by_size(environment: Environment) -> None:
    """Of members with one plan and one time, who is bigger pays no less."""
    alike: dict[tuple[object, ...], list[Statement]] = {}
    members = environment.municipalities
    for one in year_of(environment).statements:
        member = members[one.slug]
        alike.setdefault((one.tier, member.joins, member.leaves), []).append(one)
    for of_one_kind in alike.values():
        paid = [one.amount for one in sorted(of_one_kind, key=lambda one: (one.citizens or 0, one.amount))]
        assert paid == sorted(paid)


@given(st.lists(st.integers(25_000, 59_999), min_size=2, max_size=30), amounts)
def test_of_one_class_the_bigger_get_the_hundredths_that_are_left(citizens: list[int], cost: Decimal) -> None:
    """Their shares are equal, so nothing but their size says who goes first."""
    members = {f"m-{index}": Member(name="En", tier="basis", citizens=one) for index, one in enumerate(citizens)}
    never_less_by_size(priced(members, {"kind": "size-classes", "classes": OS2}, cost))


@given(environments())
def test_nobody_bears_more_than_what_its_own_days_cost(environment: Environment) -> None:
    """Who comes in December lowers what others pay for December, and not for January."""
    year = year_of(environment)
    assert all(one.exact <= Fraction(year.cost) * one.days / 365 for one in year.statements)


@given(st.data())
def test_who_joins_raises_nobodys_share_and_who_leaves_lowers_none(data: st.DataObject) -> None:
    """Whenever in the year that is. Shares are compared exactly: a hundredth may still change hands."""
    members = data.draw(registers())
    newcomer = data.draw(member())
    everybody = {**members, "zz-newcomer": newcomer}
    key, cost = data.draw(keys(everybody)), data.draw(amounts)
    without = {**key, "weights": {slug: key["weights"][slug] for slug in members}} if "weights" in key else key
    before, after = by_slug(priced(members, without, cost)), by_slug(priced(everybody, key, cost))
    assert all(after[slug].exact <= before[slug].exact for slug in members)
    # One who leaves is one fewer on the days after.
    if newcomer.leaves:
        stays = {**members, "zz-newcomer": newcomer.model_copy(update={"leaves": None})}
        staying = by_slug(priced(stays, key, cost))
        assert all(staying[slug].exact <= after[slug].exact for slug in members)


@settings(max_examples=40)
@given(environments(), st.randoms(use_true_random=False))
def test_the_order_of_the_register_does_not_matter(environment: Environment, random: object) -> None:
    members = list(environment.municipalities.items())
    random.shuffle(members)  # type: ignore[attr-defined]
    other = environment.model_copy(update={"municipalities": dict(members)})
    assert prices(other) == prices(environment)


@given(registers(), st.decimals(0, 200, places=2))
def test_a_price_list_shows_what_it_leaves_or_misses_and_asks_nobody_for_others(
    members: dict[str, Member], price: Decimal
) -> None:
    key = {**KOMBIT, "price": price}
    year = year_of(priced(members, key))
    assert year.left == year.paid - year.cost
    alone = {slug: by_slug(priced({slug: one}, key))[slug].amount for slug, one in members.items()}
    assert {one.slug: one.amount for one in year.statements} == alone


@given(st.dictionaries(st.text(min_size=1), st.fractions(0, 10**6), min_size=1, max_size=40))
def test_amounts_that_could_not_add_up_are_refused(shares: dict[str, Fraction]) -> None:
    total = sum(shares.values(), Fraction(0)) * 100
    order = dict.fromkeys(shares, 0)
    if total.denominator == 1:
        assert sum(rounded_together(shares, order).values()) * 100 == total
    else:
        with pytest.raises(ValueError, match="hundredths"):
            rounded_together(shares, order)
