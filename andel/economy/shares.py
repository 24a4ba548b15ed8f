# SPDX-License-Identifier: MPL-2.0
"""What each member counts under a key, and which part of the cost that makes. Exact.

Every day costs the same, and those who are members that day share it. So who joins within a year lowers the others'
shares from that day on and never raises one; days before are no concern of theirs.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from config.days import day
from config.economy_keys import Cap, CitizensKey, Key, PriceKey, SizeClasses, WeightsKey
from config.economy_rules import period, segments
from config.environment import Environment
from config.municipalities import Member


def counted(environment: Environment) -> dict[str, Fraction]:
    """What each member counts in full days: by the key, times its plan's weight.

    Under a price list it is the price of a whole year.
    """
    if environment.economy is None:
        return {}
    key = environment.economy.key
    return {
        slug: by_key(key, slug, member) * weight_of_plan(environment, member)
        for slug, member in environment.municipalities.items()
    }


def weight_of_plan(environment: Environment, member: Member) -> Fraction:
    """What a member's plan counts on top of the key."""
    plans = environment.tiers
    return Fraction(plans[member.tier].price_weight if member.tier in plans else 1)


def by_key(key: Key, slug: str, member: Member) -> Fraction:
    """What a member counts by the key alone."""
    citizens = member.citizens or 0  # the rules of the environment have asked for them
    match key:
        case SizeClasses():
            return Fraction(key.classes[key.of(citizens)].weight)
        case CitizensKey():
            return counted_citizens(citizens, key.cap)
        case PriceKey():
            return Fraction(key.price) * counted_citizens(citizens, key.cap)
        case WeightsKey():
            return Fraction(key.weights[slug])


def counted_citizens(citizens: int, cap: Cap | None) -> Fraction:
    """Citizens that count: those above the cap in part."""
    if cap is None or citizens <= cap.citizens:
        return Fraction(citizens)
    return cap.citizens + (citizens - cap.citizens) * Fraction(cap.percent) / 100


def days_of_membership(environment: Environment) -> dict[str, int]:
    """Days of the year that is shared, on which each is a member."""
    if environment.economy is None:
        return {}
    first, end = period(environment.economy)
    members = environment.municipalities.items()
    return {slug: max((leaving(one, end) - joining(one, first)).days, 0) for slug, one in members}


def joining(member: Member, first: date) -> date:
    """First day of a membership within a period that begins on a day."""
    return max(first, day(member.joins)) if member.joins else first


def leaving(member: Member, end: date) -> date:
    """The day after a membership within a period that ends before a day."""
    return min(end, day(member.leaves)) if member.leaves else end


def parts(environment: Environment) -> dict[str, Fraction]:
    """Part of the year's cost that each member bears; they sum to 1. Not for price lists."""
    if environment.economy is None:
        return {}
    weights, members = counted(environment), environment.municipalities
    first, end = period(environment.economy)
    borne = dict.fromkeys(members, Fraction(0))
    for since, until in segments(environment):
        there = [slug for slug, one in members.items() if joining(one, since) <= since and until <= leaving(one, until)]
        part = Fraction((until - since).days, (end - first).days)
        for slug, share in of_one(weights, there).items():
            borne[slug] += part * share
    return borne


def of_one(weights: Mapping[str, Fraction], there: list[str]) -> dict[str, Fraction]:
    """Parts of those who are there, by weight."""
    together = sum((weights[slug] for slug in there), Fraction(0))
    return {slug: weights[slug] / together for slug in there}
