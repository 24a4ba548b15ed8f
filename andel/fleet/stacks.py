# SPDX-License-Identifier: MPL-2.0
"""Which stacks a fleet is: the municipalities of an environment that have a stack file, all or some.

The files are hostile input, and a fleet runs with rights on all municipalities. So nothing that it asks for by these
rights is named by such a file: the slug is the file's name, the platform is the environment, and contexts of the
caller's kubeconfig are the environment's own.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from config.clusters import Clusters
from config.judge import judge_municipality
from config.municipality import Municipality
from config.section import Mistake, Refusal, refuse_if_any, shown
from config.stackfile import read

PLATFORM = "andel"
"""The platform's project (`Pulumi.yaml`)."""


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


@dataclass(frozen=True, kw_only=True)
class RefusedFile:
    """A stack file that makes no stack."""

    slug: str
    """Whose it is, by its name."""

    file: Path
    """Where it lies."""

    wrong: str
    """Every mistake, a line each."""


Found = FleetStack | RefusedFile
"""What a stack file comes to."""


def settings_of(folder: Path, environment: str) -> Path:
    """The environment's own stack file: it lies beside the folder with those of municipalities."""
    return folder.resolve().parent / f"Pulumi.{environment}.yaml"


def found(folder: Path, environment: str, slugs: Collection[str] = ()) -> list[FleetStack]:
    """The stacks of an environment, by slug; their contexts are for kubeconfigs that are handed over.

    Args:
        folder: with the stack files.
        environment: whose.
        slugs: of these alone; of all, if there are none.

    Raises:
        click.ClickException: one is missing or refused; with all mistakes of all files.
    """
    return whole(looked_through(folder, environment, slugs))


def whole(every: Collection[Found]) -> list[FleetStack]:
    """A fleet of which nobody is refused.

    Raises:
        click.ClickException: somebody is; with all mistakes of all files.
    """
    if wrong := [one for one in every if isinstance(one, RefusedFile)]:
        told = (f"{one.file} is refused (`andel check` names the lines):\n{one.wrong}" for one in wrong)
        raise click.ClickException("\n".join(told))
    return [one for one in every if isinstance(one, FleetStack)]


def looked_through(
    folder: Path, environment: str, slugs: Collection[str] = (), clusters: Clusters | None = None
) -> list[Found]:
    """The stack files of an environment, by slug: each a stack, or refused.

    Args:
        folder: with the stack files.
        environment: whose.
        slugs: of these alone; of all, if there are none.
        clusters: the platform's, where the caller's kubeconfig is used; with none, files may name other contexts.

    Raises:
        click.ClickException: one is missing, or there are none.
    """
    beginning = f"Pulumi.{environment}-"
    longer = _longer(folder, environment)
    files = {
        file.stem.removeprefix(beginning): file
        for file in sorted(folder.glob(f"{beginning}*.yaml"))
        if not file.name.startswith(longer)
    }
    if unknown := sorted(set(slugs) - files.keys()):
        raise click.ClickException(f"{folder} has no {beginning}<slug>.yaml of {', '.join(unknown)}")
    if not files:
        raise click.ClickException(f"{folder} has no stack file of {environment} ({beginning}<slug>.yaml)")
    meant = [slug for slug in files if not slugs or slug in slugs]
    return [_looked_at(files[slug], environment, slug, clusters) for slug in meant]


def _longer(folder: Path, environment: str) -> tuple[str, ...]:
    """How files of those other environments begin whose name begins with this one's: `prod-south` beside `prod`."""
    own = settings_of(folder, environment)
    return tuple(f"{file.stem}-" for file in own.parent.glob(f"{own.stem}-*.yaml"))


def _looked_at(file: Path, environment: str, slug: str, clusters: Clusters | None) -> Found:
    try:
        section = judge_municipality(read(file).municipality)
        refuse_if_any(
            (
                *names_of_others(section, slug),
                *platforms_of_others(section, environment),
                *(contexts_of_others(section, clusters) if clusters else ()),
            )
        )
    except Refusal as refusal:
        return RefusedFile(slug=shown(slug), file=file, wrong=str(refusal))
    return FleetStack(name=f"{environment}-{slug}", file=file, section=section)


def names_of_others(section: Municipality, slug: str) -> Iterator[Mistake]:
    """The file's name says which state is written; what stands in it must not ask for another's account."""
    if section.slug != slug:
        wrong = f"{section.slug} stands in the file of {slug}"
        yield Mistake(("slug",), wrong, f"write {slug}, or name the file after {section.slug}")


def platforms_of_others(section: Municipality, environment: str) -> Iterator[Mistake]:
    """A fleet stands on one platform: the environment's."""
    own = f"{PLATFORM}/{environment}"
    if not section.platform.endswith(f"/{own}"):
        yield Mistake(("platform",), f"{section.platform} is not {environment}'s", f"write organization/{own}")


def contexts_of_others(section: Municipality, clusters: Clusters) -> Iterator[Mistake]:
    """Contexts are looked up in the kubeconfig of who runs the fleet, which may have other clusters' too."""
    for field in ("gpu", "application"):
        written, own = getattr(section.clusters, field), getattr(clusters, field)
        if written != own:
            wrong = f"{written.context} is no context of the platform's" if written else "is missing"
            mend = f"write context: {own.context}" if own else "take it away: one cluster is both"
            yield Mistake(("clusters", field), wrong, mend)
