# SPDX-License-Identifier: MPL-2.0
"""What only counting shows: whether a price list covers the cost."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from config.economy_keys import PriceKey
from config.environment import Environment
from config.section import Mistake

from .money import rounded_up
from .statements import settle


def prices_that_miss_the_cost(environment: Environment) -> Iterator[Mistake]:
    """A price list pays for the year, with what the reserve may add."""
    year = settle(environment)
    if year is None or not isinstance(year.key, PriceKey) or year.left + year.key.reserve >= 0:
        return
    exact = sum((one.exact for one in year.statements), Fraction(0))
    wrong = f"members pay {year.paid} of {year.cost}: {-year.left} is missing"
    aid = f", and the reserve may add {year.key.reserve}" if year.key.reserve else ""
    needed = Fraction(year.cost) - Fraction(year.key.reserve)
    # Every statement is rounded by itself, and may lose half a hundredth.
    spare = Fraction(len(year.statements), 200)
    mend = "let members join, or share the cost by citizens"
    if exact:
        mend = f"write {rounded_up(Fraction(year.key.price) * (needed + spare) / exact)}, or lower the cost"
    yield Mistake(("economy", "key", "price"), wrong + aid, mend)


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (prices_that_miss_the_cost,)
"""Every rule of the economy that counts."""
