# SPDX-License-Identifier: MPL-2.0
"""What only counting shows: whether a price list covers the cost."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

from config.economy import Economy
from config.economy_keys import PriceKey
from config.environment import Environment
from config.section import Mistake

from .money import rounded_up
from .statements import settle


def prices_that_miss_the_cost(environment: Environment) -> Iterator[Mistake]:
    """A price list pays for the year, with what the reserve may add."""
    economy, year = environment.economy, settle(environment)
    if economy is None or year is None or not isinstance(key := economy.key, PriceKey) or year.left + key.reserve >= 0:
        return
    wrong = f"members pay {year.paid} of {year.cost}: {-year.left} is missing"
    aid = f", and the reserve may add {key.reserve}" if key.reserve else ""
    needed = Fraction(year.cost) - Fraction(key.reserve)
    # Every statement is rounded by itself, and may lose half a hundredth.
    spare = Fraction(len(year.statements), 200)
    mend = "let members join, or share the cost by citizens"
    if at_one := paid_at(environment, economy, key.model_copy(update={"price": Decimal(1)})):
        mend = f"write {rounded_up((needed + spare) / at_one)}, or lower the cost"
    yield Mistake(("economy", "key", "price"), wrong + aid, mend)


def paid_at(environment: Environment, economy: Economy, key: PriceKey) -> Fraction:
    """What all members would pay by another price list, exactly."""
    year = settle(environment.model_copy(update={"economy": economy.model_copy(update={"key": key})}))
    return sum((one.exact for one in year.statements), Fraction(0)) if year else Fraction(0)


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (prices_that_miss_the_cost,)
"""Every rule of the economy that counts."""
