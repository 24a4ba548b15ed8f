# SPDX-License-Identifier: MPL-2.0
"""The year's statements: what each member pays, to the hundredth, and that it adds up."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from config.economy_keys import Key, PriceKey, SizeClasses
from config.environment import Environment
from config.municipalities import Member

from .cost import Line, days_of, lines, total
from .money import rounded, rounded_together
from .shares import counted, days_of_membership, parts, weight_of_plan


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one member pays."""

    slug: str
    """Its slug."""

    name: str
    """Its name for people."""

    citizens: int | None
    """Its citizens, where the register has them."""

    tier: str
    """Its plan."""

    size_class: str | None
    """Its class, where the key knows classes."""

    weight: Fraction
    """What it counts by key and plan; under a price list, the price of a whole year."""

    days: int
    """Days of the year on which it is a member."""

    exact: Fraction
    """What it bears before rounding."""

    amount: Decimal
    """What it pays."""


@dataclass(frozen=True, kw_only=True)
class Year:
    """A year's cost and everybody's statement."""

    year: int
    """The year."""

    currency: str
    """Currency of all amounts."""

    key: Key
    """The key by which it is shared."""

    plans_count: bool
    """Whether a plan weighs otherwise than 1: then plans count on top of the key."""

    lines: tuple[Line, ...]
    """What it costs."""

    statements: tuple[Statement, ...]
    """Who pays what, by slug."""

    @property
    def cost(self) -> Decimal:
        """What the year costs."""
        return total(self.lines)

    @property
    def paid(self) -> Decimal:
        """What all members pay together."""
        return sum((one.amount for one in self.statements), Decimal("0.00"))

    @property
    def left(self) -> Decimal:
        """What a price list leaves over for the reserve; below zero, what it misses. Zero under every other key."""
        return self.paid - self.cost


def settle(environment: Environment) -> Year | None:
    """The statements of an environment; None where it has no economy."""
    economy = environment.economy
    if economy is None:
        return None
    costs, weights, days = lines(economy), counted(environment), days_of_membership(environment)
    members = environment.municipalities
    exact: dict[str, Fraction]
    if isinstance(economy.key, PriceKey):
        exact = {slug: weights[slug] * Fraction(days[slug], days_of(economy.year)) for slug in members}
        amounts = {slug: rounded(share) for slug, share in exact.items()}
    else:
        cost = Fraction(total(costs))
        exact = {slug: part * cost for slug, part in parts(environment).items()}
        amounts = rounded_together(exact, {slug: one.citizens or 0 for slug, one in members.items()})
    statements = tuple(
        Statement(
            slug=slug,
            name=member.name,
            citizens=member.citizens,
            tier=member.tier,
            size_class=size_class(economy.key, member),
            weight=weights[slug],
            days=days[slug],
            exact=exact[slug],
            amount=amounts[slug],
        )
        for slug, member in sorted(members.items())
    )
    return Year(
        year=economy.year,
        currency=economy.currency,
        key=economy.key,
        plans_count=any(weight_of_plan(environment, member) != 1 for member in members.values()),
        lines=costs,
        statements=statements,
    )


def size_class(key: Key, member: Member) -> str | None:
    """Name of a member's class, where the key knows classes."""
    return key.of(member.citizens or 0) if isinstance(key, SizeClasses) else None
