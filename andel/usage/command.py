# SPDX-License-Identifier: MPL-2.0
"""`andel usage`: requests, tokens and energy of a calendar month, by municipality and model, from Prometheus.

For information: `andel price --usage FILE` tells it beside the statements, and no amount follows from it.
"""

import csv
import io
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import track

from andel.economy.usage import Month, UsageError, Used, written
from andel.price.command import guarded
from andel.release import release
from andel.stack import environment_of
from andel.tables import table
from config.environment import Environment

from .month import days, span
from .prometheus import Prometheus
from .reading import count, counted_in, metered_in, models, municipalities, notes, part

TOKEN = "ANDEL_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
"""Variable with a bearer token for Prometheus, where it wants one."""

UNKNOWN = "unknown"
"""What nobody measured, for people; in CSV the cell is empty, in JSON it is null."""


@dataclass(frozen=True)
class Row:
    """A municipality or a model."""

    name: str
    requests: str
    input_tokens: str
    output_tokens: str
    kilowatt_hours: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--month", required=True, metavar="YYYY-MM", help="The calendar month.")
@click.option("--prometheus", metavar="URL", help="Where it is asked, if not at `monitoring.prometheus`.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a file for `andel price --usage`.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: the same as the file.")
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets: a line a municipality and model.")
def command(file: Path, month: str, prometheus: str | None, out: Path | None, as_json: bool, as_csv: bool) -> None:
    """Show what municipalities used in a month, by the stack FILE of their platform and its Prometheus.

    Where Prometheus wants a token, the variable ANDEL_PROMETHEUS_TOKEN has it.
    """
    environment = environment_of(file)
    try:
        found = read(environment, month, prometheus, datetime.now(UTC))
    except UsageError as error:
        raise click.ClickException(str(error)) from None
    if out is not None:
        try:
            out.write_text(written(found), encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{out}: {error.strerror}; write it where a folder stands") from None
    if as_json:
        click.echo(written(found), nl=False)
    elif as_csv:
        click.echo(separated(found, environment), nl=False)
    else:
        show(found, environment)


def read(environment: Environment, month: str, address: str | None, now: datetime) -> Month:
    """A month of an environment.

    Args:
        environment: whose.
        month: as `2026-11`.
        address: of Prometheus, if not the environment's.
        now: the moment up to which a month that runs is read.

    Raises:
        UsageError: there is nobody to ask, nothing to be told, or the month has not begun.
    """
    gateway, monitoring = environment.gateway, environment.monitoring
    if gateway is None:
        raise UsageError("the environment has no gateway: nobody is told apart, and nothing is whose")
    asked = address or (monitoring.prometheus if monitoring else None)
    if asked is None:
        raise UsageError("nobody says where Prometheus is: declare `monitoring.prometheus`, or add --prometheus URL")
    zone = ZoneInfo(gateway.limits.time_zone)
    whole, complete = span(month, zone, now)
    with Prometheus(asked, os.environ.get(TOKEN)) as prometheus:
        told = Console(stderr=True)
        steps = track(
            list(days(whole, zone)), f"reading {month}", console=told, transient=True, disable=not sys.stderr.isatty()
        )
        counted = count(prometheus, release(environment.release.name).epp, steps)
    if not counted.watched and not counted.edge_requests and not counted.picked:
        kept = f"it keeps {monitoring.retention_days} days if it is the platform's own" if monitoring else ""
        raise UsageError(
            f"Prometheus at {asked} knows no model of this platform in {month}: is it the right one?"
            f" What is older than it keeps is gone{f' ({kept})' if kept else ''}"
        )
    return Month(
        environment=gateway.host,
        month=month,
        time_zone=gateway.limits.time_zone,
        until=whole.end.isoformat(timespec="seconds"),
        complete=complete,
        watched=part(counted.watched, counted),
        counted=counted_in(counted),
        metered=metered_in(counted),
        municipalities=municipalities(counted, environment.municipalities),
        models=models(counted, environment.models),
        notes=notes(counted),
    )


def show(month: Month, environment: Environment) -> None:
    """Tables of municipalities and of models, and what is unknown."""
    rows = [row(named(slug, environment), of.total) for slug, of in month.municipalities.items()]
    table(f"used in {month.month}" + ("" if month.complete else f", until {month.until}"), rows)
    table("by models, whoever asked", [row(name, used) for name, used in month.models.items()])
    for note in month.notes:
        click.echo(note)
    click.echo("for information: what is paid does not depend on it")


def named(slug: str, environment: Environment) -> str:
    """A municipality's name; the slug of one that the register no longer has."""
    member = environment.municipalities.get(slug)
    return slug if member is None else member.name


def row(name: str, used: Used) -> Row:
    """Figures for people."""
    return Row(name, *(UNKNOWN if one is None else f"{one:,}" for one in used.figures))


def separated(month: Month, environment: Environment) -> str:
    """The figures as CSV (RFC 4180): a line for each municipality and model, and one for all its models.

    `counted` and `metered` are the parts of the time of which requests and tokens, and energy, are.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    figures = ("requests", "input_tokens", "output_tokens", "kilowatt_hours", "counted", "metered")
    writer.writerow(("month", "slug", "name", "model", *figures))
    for slug, of in month.municipalities.items():
        for model, used in (*of.models.items(), ("", of.total)):
            place = (month.month, guarded(slug), guarded(named(slug, environment)), guarded(model))
            told = (*used.figures, month.counted, month.metered)
            writer.writerow((*place, *("" if one is None else str(one) for one in told)))
    return text.getvalue()
