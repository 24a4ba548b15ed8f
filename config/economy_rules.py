# SPDX-License-Identifier: MPL-2.0
"""Rules between the economy and the other sections: who pays is a member, and every day has somebody who pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from . import catalogue
from .days import day
from .economy import Economy
from .economy_keys import CitizensKey, PriceKey, SizeClasses, WeightsKey
from .section import Mistake

if TYPE_CHECKING:
    from .environment import Environment


def members_of_unknown_size(environment: Environment) -> Iterator[Mistake]:
    """A key that counts citizens knows how many there are."""
    economy = environment.economy
    if economy is None or not isinstance(economy.key, SizeClasses | CitizensKey | PriceKey):
        return
    for slug, member in environment.municipalities.items():
        if member.citizens is None:
            wrong = f"the key {economy.key.kind} counts citizens, and there are none"
            yield Mistake(("municipalities", slug, "citizens"), wrong, "write how many it has on 1 January")


def members_without_a_weight(environment: Environment) -> Iterator[Mistake]:
    """Weights of one's own name everybody."""
    key = environment.economy.key if environment.economy else None
    for slug in environment.municipalities if isinstance(key, WeightsKey) else ():
        if isinstance(key, WeightsKey) and slug not in key.weights:
            yield Mistake(("economy", "key", "weights"), f"{slug} has no weight", "add one")


def weights_of_nobody(environment: Environment) -> Iterator[Mistake]:
    """A weight belongs to a member: a slip of the pen would let others pay its share."""
    key = environment.economy.key if environment.economy else None
    for slug in key.weights if isinstance(key, WeightsKey) else ():
        if slug not in environment.municipalities:
            path = ("economy", "key", "weights", slug)
            yield Mistake(path, f"{slug} is no member", catalogue.one_of(environment.municipalities))


def members_of_former_years(environment: Environment) -> Iterator[Mistake]:
    """Who left before the year is settled, and is taken out of the register."""
    economy = environment.economy
    if economy is None:
        return
    first, _ = period(economy)
    for slug, member in environment.municipalities.items():
        if member.leaves is not None and day(member.leaves) <= first:
            wrong = f"it left before {first} and pays nothing any more"
            yield Mistake(("municipalities", slug, "leaves"), wrong, "take it out of the register")


def days_that_nobody_pays(environment: Environment) -> Iterator[Mistake]:
    """Every day's cost is shared by those who are members that day: somebody is."""
    economy = environment.economy
    if economy is None or isinstance(economy.key, PriceKey) or not environment.municipalities:
        return  # before anybody joined, all of it is shown as missing
    members = environment.municipalities.values()
    for first, last in segments(environment):
        if not any(
            (not one.joins or day(one.joins) <= first) and (not one.leaves or last <= day(one.leaves))
            for one in members
        ):
            wrong = f"nobody is a member from {first} to the day before {last}"
            yield Mistake(("economy",), wrong, "let a member join earlier, or write when the platform opens")
            return


def prices_of_models_that_are_not_there(environment: Environment) -> Iterator[Mistake]:
    """What is compared is a model of the catalogue."""
    comparison = environment.economy.comparison if environment.economy else None
    for name in comparison.models if comparison else ():
        if name not in environment.models:
            path = ("economy", "comparison", "models", name)
            yield Mistake(path, f"there is no model {name}", catalogue.one_of(environment.models))


def period(economy: Economy) -> tuple[date, date]:
    """First day that costs, and the day after the last."""
    first = day(economy.opens) if economy.opens else date(economy.year, 1, 1)
    return first, date(economy.year + 1, 1, 1)


def segments(environment: Environment) -> list[tuple[date, date]]:
    """Parts of the year within which nobody joins or leaves: first day, and the day after the last."""
    if environment.economy is None:
        return []
    first, end = period(environment.economy)
    members = environment.municipalities.values()
    turns = {day(one) for member in members for one in (member.joins, member.leaves) if one}
    days = [first, *sorted(one for one in turns if first < one < end), end]
    return list(pairwise(days))


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    members_of_unknown_size,
    members_without_a_weight,
    weights_of_nobody,
    members_of_former_years,
    days_that_nobody_pays,
    prices_of_models_that_are_not_there,
)
"""Rules between the economy and other sections."""
