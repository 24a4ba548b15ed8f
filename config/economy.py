# SPDX-License-Identifier: MPL-2.0
"""Section `economy`: what the platform costs in a year, and by which key its members share that.

Governance: the steering group decides it. Amounts are decimals of the currency; what follows from them is counted in
fractions and rounded once (`andel.economy`).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from .days import Day, day
from .economy_keys import Key
from .money import Money, Percent, UnitPrice, Weight
from .municipalities import DisplayName
from .overflow import BackendModel
from .scalars import Count, DnsLabel, ModelName
from .section import Mistake, Section, refuse_if_any

Year = Annotated[int, Field(ge=2020, le=2099, strict=True)]
"""A calendar year."""


class _Cost(Section):
    """What every line of cost says."""

    name: DisplayName
    """Name for people: it stands on the statements."""

    gpus: bool = False
    """Whether it is paid for own GPUs alone, so that it would fall away with a cloud. Matters to `comparison`."""


class YearlyCost(_Cost):
    """A sum that is paid every year."""

    kind: Literal["yearly"]

    amount: Money
    """What a whole year costs."""


class Investment(_Cost):
    """Something that is bought once, and written off in equal parts."""

    kind: Literal["investment"]

    price: Money
    """What was paid."""

    residual: Money = Decimal(0)
    """What it is still worth in the end."""

    bought: Year
    """First year that bears a part."""

    years: Annotated[int, Field(ge=1, le=30, strict=True)]
    """Years that bear a part."""


class EnergyCost(_Cost):
    """Electricity, from the mean draw and the price."""

    kind: Literal["energy"]

    kilowatts: Weight
    """Mean draw of the machines in kW, as measured over a year."""

    overhead: Annotated[Decimal, Field(ge=1, le=5, decimal_places=3), WithJsonSchema({"type": "number"})] = Decimal(1)
    """What the building adds for cooling and losses (PUE): 1.3 adds 30 per cent."""

    hours: Annotated[int, Field(ge=1, le=8784, strict=True)] | None = None
    """Hours in a year with this draw; left out, all of them."""

    price_per_kilowatt_hour: UnitPrice
    """With tariffs and taxes."""


Cost = Annotated[YearlyCost | Investment | EnergyCost, Field(discriminator="kind")]


class ComparedModel(Section):
    """The load of a model, and what a cloud takes for it."""

    input_tokens: Count
    """Tokens of prompts in a year."""

    output_tokens: Count
    """Tokens of answers in a year."""

    cloud_model: BackendModel
    """The model that would answer there."""

    input_price: UnitPrice
    """What a million tokens of prompts cost there."""

    output_price: UnitPrice
    """What a million tokens of answers cost there."""


class Hybrid(Section):
    """Fewer own GPUs, and a cloud for the peaks."""

    gpu_percent: Percent
    """What the smaller number of GPUs costs, as a part of the lines that say `gpus`."""

    cloud_percent: Percent
    """Part of all tokens that go to the cloud."""


class Comparison(Section):
    """Own GPUs, a cloud, or both, for one load."""

    models: Annotated[dict[ModelName, ComparedModel], Field(min_length=1)]
    """The load, by models of the catalogue."""

    own_capacity_tokens: Count | None = None
    """Most tokens that the own GPUs serve in a year, as measured. Left out, nobody knows whether they carry it."""

    hybrid: Hybrid | None = None
    """What a mixture would be; left out, none is shown."""


class Economy(Section):
    """A year's cost, and the key by which members share it."""

    currency: Literal["DKK", "EUR", "NOK", "SEK"] = "DKK"
    """Currency of all amounts."""

    year: Year
    """The year that is shared."""

    opens: Day | None = None
    """First day of the platform, where it opens within the year: before it nothing is paid by the year or the hour,
    while an investment's first part is borne whole. Left out, the whole year."""

    costs: Annotated[dict[DnsLabel, Cost], Field(min_length=1)]
    """Lines of cost by name."""

    key: Key
    """How the cost is shared."""

    comparison: Comparison | None = None
    """Own GPUs beside a cloud; left out, none is made."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def worth_more_than_paid(economy: Economy) -> Iterator[Mistake]:
    """What is left over is less than what was paid."""
    for name, line in economy.costs.items():
        if isinstance(line, Investment) and line.residual > line.price:
            path = ("costs", name, "residual")
            yield Mistake(path, f"{line.residual} is more than the price of {line.price}", "write less than the price")


def investments_of_other_years(economy: Economy) -> Iterator[Mistake]:
    """A line stands here because this year bears a part of it."""
    for name, line in economy.costs.items():
        if isinstance(line, Investment) and not line.bought <= economy.year < line.bought + line.years:
            last = line.bought + line.years - 1
            wrong = f"it is borne by {line.bought} to {last}, not by {economy.year}"
            yield Mistake(("costs", name, "bought"), wrong, "take the line away, or write when it was bought")


def openings_of_other_years(economy: Economy) -> Iterator[Mistake]:
    """A platform that opened before this year costs the whole of it."""
    if economy.opens is not None and day(economy.opens).year != economy.year:
        wrong = f"{economy.opens} is not in {economy.year}"
        yield Mistake(("opens",), wrong, "take it away, or write a day of the year")


def comparisons_without_gpus(economy: Economy) -> Iterator[Mistake]:
    """Own GPUs cost something, and some line says it."""
    if economy.comparison is not None and not any(line.gpus for line in economy.costs.values()):
        yield Mistake(("comparison",), "no line of cost is paid for own GPUs", "write `gpus: true` at those that are")


RULES: tuple[Callable[[Economy], Iterator[Mistake]], ...] = (
    worth_more_than_paid,
    investments_of_other_years,
    openings_of_other_years,
    comparisons_without_gpus,
)
"""Rules within the economy."""
