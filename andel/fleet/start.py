# SPDX-License-Identifier: MPL-2.0
"""A fleet from what was asked for to its summary."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import click

from andel.lab.lock import alone
from andel.stack import environment_of
from config.clusters import Clusters

from . import budget, credentials, outcome, project, stacks, waves
from .affected import affected
from .board import ShownBoard
from .engine import Engine
from .outcome import Outcome, State
from .program import warmed
from .run import Fleet
from .stacks import FleetStack, RefusedFile
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

    @property
    def settings(self) -> Path:
        """The environment's own stack file."""
        return stacks.settings_of(self.folder, self.environment)

    @property
    def goes_on(self) -> bool:
        """Whether the others have their turn when one fails."""
        return self.keep_going or not self.staged

    def meant(self) -> "Meant":
        """The stacks that are meant, and the files that make none.

        Raises:
            click.ClickException: one is missing; or one is refused, and a fleet that stops starts whole or not.
        """
        clusters = self.clusters if self.kubeconfigs is None else None
        every = stacks.looked_through(self.folder, self.environment, self.slugs, clusters)
        if self.affected is not None:
            every = affected(self.affected, self.settings.parent, self.settings, every)
        refused = [one for one in every if isinstance(one, RefusedFile)] if self.goes_on else []
        chosen = stacks.whole([one for one in every if one not in refused])
        return Meant(stacks=chosen, refused=[failed(one) for one in refused])

    @cached_property
    def clusters(self) -> Clusters:
        """The platform's, by contexts of the caller's kubeconfig: the environment says which they are.

        Raises:
            click.ClickException: there is no such file, or it is refused.
        """
        if not self.settings.is_file():
            wrong = f"{self.settings} is not there to say which contexts of your kubeconfig are the platform's"
            raise click.ClickException(f"{wrong}; write it, or hand over kubeconfigs (--kubeconfigs)")
        return environment_of(self.settings).clusters

    def waves(self, meant: "Meant", citizens: dict[str, int | None]) -> list[waves.Wave]:
        """The order in which they have their turn.

        Raises:
            click.UsageError: there is no such order.
        """
        if not self.staged:
            return waves.waves(meant.stacks, None, (100,))
        named = None if self.canary in {one.slug for one in meant.refused} else self.canary
        first = waves.canary_of(meant.stacks, citizens, named) if len(meant.stacks) > 1 or named else None
        return waves.waves(meant.stacks, first, self.percents or waves.DEFAULT)


@dataclass(frozen=True, kw_only=True)
class Meant:
    """Who is meant by what was asked for."""

    stacks: list[FleetStack]
    """Those that are run."""

    refused: list[Outcome]
    """What became of those whose files were refused, while the others go on."""


def failed(one: RefusedFile) -> Outcome:
    """What became of a stack whose file was refused: it had no turn."""
    return Outcome(slug=one.slug, state=State.FAILED, wave=0, message=f"{one.file.name} is refused: {one.wrong}")


def started(verb: str, asked: Asked) -> int:
    """Run a fleet, and say what became of it.

    Returns:
        The exit status.

    Raises:
        click.ClickException: it can't begin.
    """
    began = time.monotonic()
    meant = asked.meant()
    with ExitStack() as held:
        fleet, plan = _prepared(verb, asked, meant, held) if meant.stacks else (None, [])
        outcomes = [*meant.refused, *(fleet.run(plan) if fleet else ())]
    say = outcome.report if asked.as_json else outcome.show
    said = say(verb, asked.environment, outcomes, time.monotonic() - began, fleet.most if fleet else 0)
    if said is not None:
        click.echo(said)
    return outcome.exit_code(outcomes, stopped=fleet is not None and fleet.interrupted)


def _prepared(verb: str, asked: Asked, meant: Meant, held: ExitStack) -> tuple[Fleet, list[waves.Wave]]:
    """A fleet that could begin, and its waves; what it holds is let go with the stack."""
    place, engine = project.Project.of(asked.environment), Engine()
    held.enter_context(alone(place.lock, f"another fleet of {asked.environment} is under way; waiting for it"))
    place.write(meant.stacks)
    existing = place.existing(engine)
    given = place.contract(engine, asked.environment, asked.contract)
    plan = asked.waves(meant, {slug: member.citizens for slug, member in given.municipalities.items()})
    if asked.kubeconfigs is None:
        as_whom = held.enter_context(credentials.asked_for(held.enter_context(place.accounts()), asked.clusters))
    else:
        as_whom = credentials.handed_over(asked.kubeconfigs)
    board = held.enter_context(ShownBoard(verb, len(meant.stacks) + len(meant.refused), len(plan)))
    for one in meant.refused:
        board.ended(one)
    fleet = Fleet(
        program=warmed(project.PROGRAM),
        job=lambda stack, wave: place.job(verb, stack, wave, exists=stack.name in existing, as_whom=as_whom(stack)),
        memory=asked.memory or int(budget.free() * budget.KEPT),
        asked=asked.at_once,
        keep_going=asked.goes_on,
        board=board,
        labour=partial(work, engine=engine),
    )
    return fleet, plan
