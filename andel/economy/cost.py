# SPDX-License-Identifier: MPL-2.0
"""What a year costs, line by line. Each line is rounded, and the total is the sum of what is shown."""

from calendar import isleap
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from config.economy import Cost, Economy, EnergyCost, Investment, YearlyCost
from config.economy_rules import period

from .money import rounded


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of cost in the year that is shared."""

    key: str
    """Its key in the environment."""

    name: str
    """Its name for people."""

    amount: Decimal
    """What the year bears of it."""

    gpus: bool
    """Whether it is paid for own GPUs alone."""


def lines(economy: Economy) -> tuple[Line, ...]:
    """All lines, by key: of a platform that opens within the year, what its open days cost."""
    first, end = period(economy)
    return _lines(economy, Fraction((end - first).days, days_of(economy.year)))


def of_a_whole_year(economy: Economy) -> tuple[Line, ...]:
    """The same lines as if the platform were open all year: what a year's load is compared with."""
    return _lines(economy, Fraction(1))


def _lines(economy: Economy, part: Fraction) -> tuple[Line, ...]:
    return tuple(
        Line(key=key, name=cost.name, amount=rounded(borne(cost, economy.year, part)), gpus=cost.gpus)
        for key, cost in sorted(economy.costs.items())
    )


def borne(cost: Cost, year: int, part: Fraction) -> Fraction:
    """What a part of a year bears of a line, exactly.

    Of an investment always the year's whole part: the years that follow bear theirs, and nobody would bear the rest.
    """
    return yearly(cost, year) * (1 if isinstance(cost, Investment) else part)


def total(of: tuple[Line, ...]) -> Decimal:
    """The sum of lines."""
    return sum((line.amount for line in of), Decimal("0.00"))


def yearly(cost: Cost, year: int) -> Fraction:
    """What a line costs in a whole year, exactly."""
    match cost:
        case YearlyCost():
            return Fraction(cost.amount)
        case Investment():
            return (Fraction(cost.price) - Fraction(cost.residual)) / cost.years
        case EnergyCost():
            hours = cost.hours or 24 * days_of(year)
            return Fraction(cost.kilowatts) * hours * Fraction(cost.overhead) * Fraction(cost.price_per_kilowatt_hour)


def days_of(year: int) -> int:
    """Days of a year."""
    return 366 if isleap(year) else 365
