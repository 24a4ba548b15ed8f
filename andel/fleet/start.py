# SPDX-License-Identifier: MPL-2.0
"""A fleet from what was asked for to its summary."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from andel.lab.lock import alone

from . import budget, credentials, outcome, project, stacks, waves
from .affected import affected
from .board import ShownBoard
from .engine import Engine
from .program import warmed
from .run import Fleet
from .stacks import FleetStack
from .worker import work


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody asked for on the command line."""

    environment: str
    slugs: tuple[str, ...]
    folder: Path
    affected: str | None
    memory: int | None
    at_once: int | None
    kubeconfigs: Path | None
    contract: Path | None
    as_json: bool
    staged: bool = False
    """Whether it runs in waves, and stops when one fails. Else all are one wave, and all have their turn."""

    canary: str | None = None
    percents: tuple[int, ...] | None = None
    keep_going: bool = False

    def chosen(self) -> list[FleetStack]:
        """The stacks that are meant.

        Raises:
            click.ClickException: one is missing or refused.
        """
        all_of_them = stacks.found(self.folder, self.environment, self.slugs)
        if self.affected is None:
            return all_of_them
        checkout = self.folder.resolve().parent
        return affected(self.affected, checkout, checkout / f"Pulumi.{self.environment}.yaml", all_of_them)

    def waves(self, chosen: list[FleetStack], citizens: dict[str, int | None]) -> list[waves.Wave]:
        """The order in which they have their turn.

        Raises:
            click.UsageError: there is no such order.
        """
        if not self.staged:
            return waves.waves(chosen, None, (100,))
        first = waves.canary_of(chosen, citizens, self.canary) if len(chosen) > 1 or self.canary else None
        return waves.waves(chosen, first, self.percents or waves.DEFAULT)


def started(verb: str, asked: Asked) -> int:
    """Run a fleet, and say what became of it.

    Returns:
        The exit status.

    Raises:
        click.ClickException: it can't begin.
    """
    began = time.monotonic()
    chosen = asked.chosen()
    with ExitStack() as held:
        fleet, plan = _prepared(verb, asked, chosen, held) if chosen else (None, [])
        outcomes = fleet.run(plan) if fleet else []
    say = outcome.report if asked.as_json else outcome.show
    said = say(verb, asked.environment, outcomes, time.monotonic() - began, fleet.most if fleet else 0)
    if said is not None:
        click.echo(said)
    return outcome.exit_code(outcomes, stopped=fleet is not None and fleet.interrupted)


def _prepared(verb: str, asked: Asked, chosen: list[FleetStack], held: ExitStack) -> tuple[Fleet, list[waves.Wave]]:
    """A fleet that could begin, and its waves; what it holds is let go with the stack."""
    place, engine = project.Project.of(asked.environment), Engine()
    held.enter_context(alone(place.lock, f"another fleet of {asked.environment} is under way; waiting for it"))
    place.write(chosen)
    existing = place.existing(engine)
    given = place.contract(engine, stacks.platform_of(chosen), asked.contract)
    plan = asked.waves(chosen, {slug: member.citizens for slug, member in given.municipalities.items()})
    if asked.kubeconfigs is None:
        as_whom = held.enter_context(credentials.asked_for(held.enter_context(place.accounts())))
    else:
        as_whom = credentials.handed_over(asked.kubeconfigs)
    fleet = Fleet(
        program=warmed(project.PROGRAM),
        job=lambda stack, wave: place.job(verb, stack, wave, exists=stack.name in existing, as_whom=as_whom(stack)),
        memory=asked.memory or int(budget.free() * budget.KEPT),
        asked=asked.at_once,
        keep_going=asked.keep_going or not asked.staged,
        board=held.enter_context(ShownBoard(verb, len(chosen), len(plan))),
        labour=partial(work, engine=engine),
    )
    return fleet, plan
