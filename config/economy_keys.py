# SPDX-License-Identifier: MPL-2.0
"""Section `economy.key`: by what the members share the cost."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .money import Money, Percent, Weight
from .municipalities import Slug
from .scalars import Count, DnsLabel
from .section import Mistake, Section, refuse_if_any


class SizeClass(Section):
    """Municipalities from one number of citizens up to the next class."""

    citizens: Annotated[int, Field(ge=0, le=10**8, strict=True)]
    """The fewest citizens in it."""

    weight: Weight
    """What each member of it counts."""


class SizeClasses(Section):
    """The cost is shared by classes of size, as OS2 does (https://faq.os2.eu: under 25,000; 25,000 to 60,000; 60,000 to
    120,000; over 120,000 citizens)."""

    kind: Literal["size-classes"]

    classes: Annotated[dict[DnsLabel, SizeClass], Field(min_length=1)]
    """The classes by name, in any order."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self

    def of(self, citizens: int) -> str:
        """The name of the class of a municipality."""
        ranked = sorted(self.classes.items(), key=lambda item: item[1].citizens)
        return [name for name, one in ranked if one.citizens <= citizens][-1]


class Cap(Section):
    """Citizens above a number count less."""

    citizens: Count
    """How many count in full."""

    percent: Percent
    """What each further one counts. KOMBIT's price of infrastructure has 50 above 150,000."""


class CitizensKey(Section):
    """The cost is shared by citizens; the price of one follows from it."""

    kind: Literal["citizens"]

    cap: Cap | None = None
    """Citizens above a number count less. Left out, all count alike."""


class PriceKey(Section):
    """A price list: one price for each citizen, fixed ahead, as KOMBIT's. It covers the cost or it doesn't."""

    kind: Literal["price-per-citizen"]

    price: Money
    """For a citizen and a year."""

    cap: Cap | None = None
    """Citizens above a number cost less. Left out, all cost alike."""

    reserve: Money = Decimal(0)
    """What earlier years left over and this one may use. A price that misses the cost by more is refused."""


class WeightsKey(Section):
    """The cost is shared by weights of one's own."""

    kind: Literal["weights"]

    weights: Annotated[dict[Slug, Weight], Field(min_length=1)]
    """What each member counts, by its slug."""


Key = Annotated[SizeClasses | CitizensKey | PriceKey | WeightsKey, Field(discriminator="kind")]


def classes_that_begin_above_nobody(key: SizeClasses) -> Iterator[Mistake]:
    """Every municipality has a class."""
    least = min(key.classes, key=lambda name: key.classes[name].citizens)
    if fewest := key.classes[least].citizens:
        wrong = f"nobody with fewer than {fewest} citizens has a class"
        yield Mistake(("classes", least, "citizens"), wrong, "write 0 for the smallest class")


def classes_of_one_size(key: SizeClasses) -> Iterator[Mistake]:
    """Two classes don't begin with the same citizen."""
    ranked = sorted(key.classes.items(), key=lambda item: item[1].citizens)
    for (name, one), (other, two) in pairwise(ranked):
        if one.citizens == two.citizens:
            wrong = f"{name} begins with {two.citizens} citizens too"
            yield Mistake(("classes", other, "citizens"), wrong, "write another number, or take one away")


def bigger_classes_that_weigh_less(key: SizeClasses) -> Iterator[Mistake]:
    """Who is bigger never pays less: that is what the key promises."""
    ranked = sorted(key.classes.items(), key=lambda item: item[1].citizens)
    for (name, one), (other, two) in pairwise(ranked):
        if one.citizens < two.citizens and two.weight < one.weight:
            wrong = f"it weighs less than {name}, which is smaller"
            yield Mistake(("classes", other, "weight"), wrong, f"write {one.weight} or more")


RULES: tuple[Callable[[SizeClasses], Iterator[Mistake]], ...] = (
    classes_that_begin_above_nobody,
    classes_of_one_size,
    bigger_classes_that_weigh_less,
)
"""Rules within size classes."""
