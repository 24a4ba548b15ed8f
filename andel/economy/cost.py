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
    """What it costs in the days of the year on which the platform is open."""

    gpus: bool
    """Whether it is paid for own GPUs alone."""


def lines(economy: Economy) -> tuple[Line, ...]:
    """All lines, by key."""
    first, end = period(economy)
    open_part = Fraction((end - first).days, days_of(economy.year))
    return tuple(
        Line(key=key, name=cost.name, amount=rounded(yearly(cost, economy.year) * open_part), gpus=cost.gpus)
        for key, cost in sorted(economy.costs.items())
    )


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
