# SPDX-License-Identifier: MPL-2.0
"""Own GPUs, a cloud, or both: what the declared load costs in a year, and at which load they cost the same.

Own GPUs cost the same however much they are used; a cloud costs by the token. So the break-even is a multiple of the
declared load, with the same mixture of models, prompts and answers.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from config.economy import ComparedModel, Comparison
from config.environment import Environment

from .cost import lines, total
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
    """What is paid either way: people, gateway, monitoring."""

    gpus: Decimal
    """What own GPUs cost."""

    tokens: Decimal
    """What the cloud takes for tokens."""

    carried: bool | None
    """Whether the own GPUs carry their part of the load; None where nobody measured it or there are none."""

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.platform + self.gpus + self.tokens


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The ways side by side."""

    tokens: int
    """Tokens of the declared load in a year."""

    options: tuple[Option, ...]
    """Each way."""

    most: Fraction | None
    """Which multiple of the declared load the own GPUs carry; None where nobody measured it. A break-even above it asks
    for more GPUs, and so for another cost."""

    breaks_even: dict[str, Fraction]
    """At which multiple of the declared load two ways cost the same, by `own-cloud`, `hybrid-cloud` and `own-hybrid`:
    below it the cloud's side is cheaper, above it the one with more own GPUs."""


def compare(environment: Environment) -> Compared | None:
    """The comparison that an environment declares; None where it declares none."""
    economy = environment.economy
    if economy is None or economy.comparison is None:
        return None
    declared, costs = economy.comparison, lines(economy)
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
    most = declared.own_capacity_tokens
    return Compared(
        tokens=load(declared),
        options=tuple(options),
        most=None if most is None else Fraction(most, load(declared)),
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
    most = declared.own_capacity_tokens
    return None if most is None else load(declared) * part <= most * gpus


def breaks_even(declared: Comparison, gpus: Fraction) -> dict[str, Fraction]:
    """Multiples of the load at which two ways cost the same, where there is one."""
    every = cloud_cost(declared)
    found = {"own-cloud": gpus / every}
    if declared.hybrid is not None:
        kept, out = Fraction(declared.hybrid.gpu_percent) / 100, Fraction(declared.hybrid.cloud_percent) / 100
        if out < 1:
            found["hybrid-cloud"] = gpus * kept / (every * (1 - out))
        if out > 0:
            found["own-hybrid"] = gpus * (1 - kept) / (every * out)
    return found
