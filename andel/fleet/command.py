# SPDX-License-Identifier: MPL-2.0
"""`andel fleet`: preview, up, refresh and destroy of many municipalities' stacks, and made-up ones for trials."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from config.scalars import Memory as MemoryQuantity
from config.scalars import amount
from config.section import Refusal

CHECKOUT = Path(__file__).resolve().parents[2]

PATH = click.Path(path_type=Path)


class Memory(click.ParamType[int]):
    """An amount of memory as Kubernetes writes it."""

    name = "quantity"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes."""
        if isinstance(value, int):
            return value
        try:
            return int(amount(TypeAdapter(MemoryQuantity).validate_python(value)))
        except ValidationError:
            self.fail(f"{value} is no amount of memory; write it as 4Gi", param, ctx)


class Percents(click.ParamType[tuple[int, ...]]):
    """Rising percentages."""

    name = "percents"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Numbers; whether they rise is for those who use them to judge."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(one) for one in value.split(","))
        except ValueError:
            self.fail(f"{value} are no percentages; write them as 10,40,100", param, ctx)


OPTIONS: tuple[Callable[..., Any], ...] = (
    click.argument("environment"),
    click.argument("slugs", nargs=-1, metavar="[MUNICIPALITY]..."),
    click.option("--folder", type=PATH, default=CHECKOUT / "municipalities", help="Where the stack files lie."),
    click.option("--affected", metavar="REVISION", help="Only those that may come out otherwise than at a revision."),
    click.option("--memory", type=Memory(), help="All that it may take, as 4Gi; half of what is free, if left out."),
    click.option("--at-once", type=click.IntRange(1), help="No more stacks at once than these."),
    click.option("--kubeconfigs", type=PATH, help="Folder with <slug>.kubeconfig of each account, instead of tokens."),
    click.option("--contract", type=PATH, help="File with the platform's output `contract`, instead of its stack."),
    click.option("--json", "as_json", is_flag=True, help="For scripts: what became of each stack."),
)
STAGED: tuple[Callable[..., Any], ...] = (
    click.option("--canary", metavar="MUNICIPALITY", help="Who goes first; the smallest with a chat, if left out."),
    click.option("--waves", "percents", type=Percents(), help="Percent of all after each wave, as 10,40,100."),
    click.option("--keep-going", is_flag=True, help="Give the others their turn when one fails."),
)


def with_options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command options, in this order."""

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return give


@click.group()
def command() -> None:
    """Many municipalities' stacks at once, each run as its own account."""


@command.command()
@with_options(*OPTIONS)
def preview(**asked: Any) -> None:
    """Say what would change. Nothing is locked, and one that can't be previewed doesn't stop the others."""
    carry_out("preview", **asked)


@command.command()
@with_options(*OPTIONS, *STAGED)
def up(**asked: Any) -> None:
    """Make stacks what their files say: one first, then in waves, until one fails. Run it again to go on."""
    carry_out("up", staged=True, **asked)


@command.command()
@with_options(*OPTIONS)
def refresh(**asked: Any) -> None:
    """Look at the cluster, and write into the states what stands there."""
    carry_out("refresh", **asked)


@command.command()
@with_options(*OPTIONS, *STAGED)
@click.option("--yes", is_flag=True, help="Don't ask.")
def destroy(yes: bool, **asked: Any) -> None:
    """Take away all that stacks have made: chats, files and keys. Walls stay; the stacks stay, empty."""
    if not yes:
        whose = ", ".join(asked["slugs"]) or "all"
        click.confirm(f"destroy {whose} of {asked['environment']}: chats, files, keys?", abort=True, err=True)
    carry_out("destroy", staged=True, **asked)


def carry_out(verb: str, **asked: Any) -> None:
    """Run a fleet, and end this process with its exit status."""
    from .start import Asked, started  # what follows imports all of a program

    sys.exit(started(verb, Asked(**asked)))


@command.command()
@click.argument("folder", type=PATH)
@click.option("--from", "source", type=PATH, default=CHECKOUT / "Pulumi.dev.yaml", help="Environment to begin with.")
@click.option("--count", type=int, default=98, show_default=True, help="How many municipalities.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same ones.")
def generate(folder: Path, source: Path, count: int, seed: int) -> None:
    """Write an environment with made-up municipalities, and their stack files, into a FOLDER outside the checkout."""
    from .generate import write

    if folder.resolve().is_relative_to(CHECKOUT):
        raise click.UsageError(f"{folder} lies in the checkout, among the real ones; name another folder")
    try:
        written = write(source, folder, count, seed)
    except (Refusal, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{len(written) - 1} municipalities and {written[0]}")
