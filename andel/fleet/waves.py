# SPDX-License-Identifier: MPL-2.0
"""In which order stacks are run: one municipality first, then more and more, so that a mistake meets few."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf

import click

from .stacks import FleetStack

Wave = tuple[FleetStack, ...]
"""Stacks that may run at once. The next wave begins when all of them have ended well."""

DEFAULT = (10, 100)
"""Percent of all stacks that have had their turn after each wave; the canary comes before."""


def waves(stacks: Sequence[FleetStack], canary: FleetStack | None, percents: Sequence[int] = DEFAULT) -> list[Wave]:
    """Split a fleet into waves.

    Args:
        stacks: all of them, in the order in which they are to run.
        canary: who goes first, alone; with none, the first percentage is the first wave.
        percents: how many percent of all have had their turn after each wave: rising. What is left after the last of
            them is a wave, too.

    Raises:
        click.UsageError: percentages that don't rise, or aren't percentages.
    """
    if list(percents) != sorted({*percents}) or any(not 0 < one <= 100 for one in percents):
        raise click.UsageError("waves are rising percentages of the fleet, as 10,40,100")
    rest = [stack for stack in stacks if stack is not canary]
    return [wave for wave in ((canary,) if canary else (), *_cut(rest, percents)) if wave]


def _cut(stacks: Sequence[FleetStack], percents: Sequence[int]) -> Iterator[Wave]:
    begun = 0
    for percent in (*percents, 100):
        until = -(-len(stacks) * percent // 100)
        yield tuple(stacks[begun:until])
        begun = until


def canary_of(stacks: Sequence[FleetStack], citizens: Mapping[str, int | None], named: str | None) -> FleetStack:
    """Who goes first: who is named; else the smallest that has a chat, so that few notice and all is tried.

    Args:
        stacks: at least one.
        citizens: of each, where the register has them; whose it hasn't may be large.
        named: a slug, or nobody's.

    Raises:
        click.UsageError: there is no stack of the one who is named.
    """
    if named is not None:
        for stack in stacks:
            if stack.slug == named:
                return stack
        raise click.UsageError(f"{named} can't go first: it is not in this fleet")
    return min(stacks, key=lambda one: (one.section.chat is None, _size(citizens.get(one.slug)), one.slug))


def _size(citizens: int | None) -> float:
    return inf if citizens is None else citizens
