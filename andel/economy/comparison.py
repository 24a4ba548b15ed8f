# SPDX-License-Identifier: MPL-2.0
"""Own GPUs, a cloud, or both: what the declared load costs in a year, and at which load they cost the same.

Own GPUs cost the same however much they are used; a cloud costs by the token. So the break-even is a multiple of the
declared load, with the same mixture of models, prompts and answers. A whole year's load is compared with what a whole
year costs, whenever the platform opens.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from config.economy import ComparedModel, Comparison
from config.environment import Environment

from .cost import of_a_whole_year, total
from .money import rounded

MILLION = 10**6
"""Tokens for which clouds name their prices."""

Way = Literal["own", "cloud", "hybrid"]
"""Where the models run."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A way to serve the load, and what it costs in a year."""

    way: Way
    """Which one."""

    platform: Decimal
    """What a whole year costs either way: people, gateway, monitoring."""

    gpus: Decimal
    """What own GPUs cost in a whole year."""

    tokens: Decimal
    """What the cloud takes for tokens."""

    carried: bool | None
    """Whether the own GPUs carry their part of the load; None where nobody measured it or there are none."""

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.platform + self.gpus + self.tokens


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """The load at which two ways cost the same: below it the one with fewer own GPUs is cheaper, above it the other."""

    fewer: Way
    """The way with fewer own GPUs."""

    more: Way
    """The way with more of them."""

    times: Fraction
    """Which multiple of the declared load it is."""

    most: Fraction | None
    """The highest multiple that own GPUs carry both ways; None where nobody measured it."""

    @property
    def reached(self) -> bool | None:
        """Whether own GPUs carry it, with no more of them and so at no other cost; None where nobody knows."""
        return None if self.most is None else self.times <= self.most

    def __str__(self) -> str:
        """The same in words."""
        same = f"cost the same at {float(self.times):.2f} times this load"
        if self.reached is False:
            return (
                f"{self.more} and {self.fewer} would {same}: out of reach, since own GPUs carry"
                f" {float(self.most or 0):.2f} times at most; up to there {self.fewer} is cheaper"
            )
        return f"{self.more} and {self.fewer} {same}" + ("" if self.reached else ", if own GPUs carry that")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The ways side by side."""

    tokens: int
    """Tokens of the declared load in a year."""

    options: tuple[Option, ...]
    """Each way."""

    most: Fraction | None
    """Which multiple of the declared load the own GPUs carry; None where nobody measured it."""

    breaks_even: dict[str, BreakEven]
    """Where two ways cost the same, by `own-cloud`, `hybrid-cloud` and `own-hybrid`."""


def compare(environment: Environment) -> Compared | None:
    """The comparison that an environment declares; None where it declares none."""
    economy = environment.economy
    if economy is None or economy.comparison is None:
        return None
    declared, costs = economy.comparison, of_a_whole_year(economy)
    gpus = total(tuple(line for line in costs if line.gpus))
    platform = total(costs) - gpus
    every = rounded(cloud_cost(declared))
    nothing = Decimal("0.00")
    options = [
        Option(
            way="own", platform=platform, gpus=gpus, tokens=nothing, carried=carried(declared, Fraction(1), Fraction(1))
        ),
        Option(way="cloud", platform=platform, gpus=nothing, tokens=every, carried=None),
    ]
    if (mixture := declared.hybrid) is not None:
        kept, out = Fraction(mixture.gpu_percent) / 100, Fraction(mixture.cloud_percent) / 100
        options.append(
            Option(
                way="hybrid",
                platform=platform,
                gpus=rounded(Fraction(gpus) * kept),
                tokens=rounded(cloud_cost(declared) * out),
                carried=carried(declared, kept, 1 - out),
            )
        )
    return Compared(
        tokens=load(declared),
        options=tuple(options),
        most=most(declared, Fraction(1), Fraction(1)),
        breaks_even=breaks_even(declared, Fraction(gpus)),
    )


def load(declared: Comparison) -> int:
    """Tokens of a year."""
    return sum(model.input_tokens + model.output_tokens for model in declared.models.values())


def cloud_cost(declared: Comparison) -> Fraction:
    """What a cloud takes for the whole load of a year."""
    return sum(map(_cloud_cost, declared.models.values()), Fraction(0))


def _cloud_cost(model: ComparedModel) -> Fraction:
    prompts, answers = (
        model.input_tokens * Fraction(model.input_price),
        model.output_tokens * Fraction(model.output_price),
    )
    return (prompts + answers) / MILLION


def carried(declared: Comparison, gpus: Fraction, part: Fraction) -> bool | None:
    """Whether a part of the own GPUs carries a part of the load. GPUs are taken to add up."""
    capacity = declared.own_capacity_tokens
    return None if capacity is None else load(declared) * part <= capacity * gpus


def most(declared: Comparison, gpus: Fraction, part: Fraction) -> Fraction | None:
    """Which multiple of the declared load a part of the own GPUs carries, where they get a part of it above 0."""
    capacity = declared.own_capacity_tokens
    return None if capacity is None else capacity * gpus / (load(declared) * part)


def breaks_even(declared: Comparison, gpus: Fraction) -> dict[str, BreakEven]:
    """Where two ways cost the same, for each two that do somewhere."""
    every, own = cloud_cost(declared), most(declared, Fraction(1), Fraction(1))
    found = [BreakEven(more="own", fewer="cloud", times=gpus / every, most=own)]
    if declared.hybrid is not None:
        kept, out = Fraction(declared.hybrid.gpu_percent) / 100, Fraction(declared.hybrid.cloud_percent) / 100
        mixed = most(declared, kept, 1 - out) if out < 1 else own
        if out < 1:
            times = gpus * kept / (every * (1 - out))
            found.append(BreakEven(more="hybrid", fewer="cloud", times=times, most=mixed))
        if out > 0:
            both = None if own is None or mixed is None else min(own, mixed)
            found.append(BreakEven(more="own", fewer="hybrid", times=gpus * (1 - kept) / (every * out), most=both))
    return {f"{one.more}-{one.fewer}": one for one in found}
