# SPDX-License-Identifier: MPL-2.0
"""Which stacks a fleet is: the municipalities of an environment that have a stack file, all or some."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from config.clusters import Cluster
from config.judge import judge_municipality
from config.municipality import Municipality
from config.section import Refusal
from config.stackfile import read


@dataclass(frozen=True, kw_only=True)
class FleetStack:
    """A municipality's stack, by its file."""

    name: str
    """The stack, `<environment>-<slug>`."""

    file: Path
    """Its stack file."""

    section: Municipality
    """What stands in it, judged."""

    @property
    def slug(self) -> str:
        """Whose it is."""
        return self.section.slug

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Clusters that it writes to."""
        both = (self.section.clusters.gpu, self.section.clusters.application)
        return tuple(one for one in both if one is not None)


def found(folder: Path, environment: str, slugs: Collection[str] = ()) -> list[FleetStack]:
    """The stacks of an environment, by slug.

    Args:
        folder: with the stack files.
        environment: whose.
        slugs: of these alone; of all, if there are none.

    Raises:
        click.ClickException: one is missing or refused; with all mistakes of all files. A fleet starts whole or not.
    """
    beginning = f"Pulumi.{environment}-"
    files = {file.stem.removeprefix(beginning): file for file in sorted(folder.glob(f"{beginning}*.yaml"))}
    if unknown := sorted(set(slugs) - files.keys()):
        raise click.ClickException(f"{folder} has no {beginning}<slug>.yaml of {', '.join(unknown)}")
    if not files:
        raise click.ClickException(f"{folder} has no stack file of {environment} ({beginning}<slug>.yaml)")
    good, wrong = [], []
    for slug, file in files.items():
        if slugs and slug not in slugs:
            continue
        try:
            section = judge_municipality(read(file).municipality)
        except Refusal as refusal:
            wrong.append(f"{file} is refused (`andel check` names the lines):\n{refusal}")
            continue
        good.append(FleetStack(name=f"{environment}-{slug}", file=file, section=section))
    if wrong:
        raise click.ClickException("\n".join(wrong))
    return good


def platform_of(stacks: Sequence[FleetStack]) -> str:
    """The one platform that they stand on.

    Raises:
        click.ClickException: they name several.
    """
    named = sorted({stack.section.platform for stack in stacks})
    if len(named) > 1:
        raise click.ClickException(f"the stack files name several platforms ({', '.join(named)}); a fleet has one")
    return named[0]
