# SPDX-License-Identifier: MPL-2.0
"""`andel price`: what the platform costs each municipality in a year, computed from the stack file alone."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from andel.economy.comparison import Compared, compare
from andel.economy.figures import prices
from andel.economy.statements import Year, settle
from andel.economy.usage import Usage, UsageError, read
from andel.stack import environment_of
from config.environment import Environment

LANGUAGES = ("da", "de", "en")
"""Languages of a statement."""


@dataclass(frozen=True)
class LineRow:
    """A line of cost."""

    line: str
    name: str
    amount: str


@dataclass(frozen=True)
class StatementRow:
    """What a member pays."""

    municipality: str
    citizens: str
    tier: str
    size: str
    days: int
    amount: str
    share: str


@dataclass(frozen=True)
class UsageRow:
    """What a member pays, and what it used."""

    municipality: str
    amount: str
    requests: str
    input_tokens: str
    output_tokens: str
    kilowatt_hours: str


@dataclass(frozen=True)
class OptionRow:
    """A way to serve the load."""

    way: str
    platform: str
    gpus: str
    tokens: str
    total: str
    carried: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For scripts: all figures, amounts as texts.")
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets: a line a municipality.")
@click.option("--statement", metavar="SLUG", help="One municipality's statement, as a page (HTML) to print.")
@click.option(
    "--usage",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="File of `andel usage --out`, told beside the statements; several months by several.",
)
@click.option("--language", type=click.Choice(LANGUAGES), default="da", show_default=True, help="Of the statement.")
def command(
    file: Path, as_json: bool, as_csv: bool, statement: str | None, files: tuple[Path, ...], language: str
) -> None:
    """Show what the year costs by a stack FILE, who pays what, and own GPUs beside a cloud."""
    environment = environment_of(file)
    year = settle(environment)
    if year is None:
        raise click.ClickException(f"{file} has no economy; `andel template` shows what to write")
    usage = used(files, environment)
    if statement is not None:
        from .page import page

        if statement not in environment.municipalities:
            raise click.ClickException(
                f"{statement} is no member; write one of {', '.join(environment.municipalities)}"
            )
        click.echo(page(year, statement, language, usage, compare(environment)), nl=False)
    elif as_json:
        told = {"usage": plain(usage)} if usage else {}
        click.echo(json.dumps({**(prices(environment) or {}), **told}, indent=1, ensure_ascii=False))
    elif as_csv:
        click.echo(separated(year, usage), nl=False)
    else:
        show(year, compare(environment))
        if usage is not None:
            show_usage(year, usage)


def used(files: tuple[Path, ...], environment: Environment) -> Usage | None:
    """What was used, by the files that are named.

    Raises:
        click.ClickException: one is none, or of another environment.
    """
    if not files:
        return None
    try:
        usage = read(files)
    except UsageError as error:
        raise click.ClickException(str(error)) from None
    host = environment.gateway.host if environment.gateway else None
    if usage.months[0].environment != host:
        raise click.ClickException(f"the usage is of {usage.months[0].environment}, and this environment is {host}")
    return usage


def separated(year: Year, usage: Usage | None = None) -> str:
    """The statements as CSV (RFC 4180): commas between, a point in amounts, whatever the machine's locale.

    What was used stands in columns of its own; an empty one is unknown. `counted` and `metered` are the least parts of
    a month in which requests and tokens, and energy, were read.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    figures = ("requests", "input_tokens", "output_tokens", "kilowatt_hours", "counted", "metered")
    more = ("months", *figures) if usage else ()
    writer.writerow(("slug", "name", "citizens", "tier", "class", "days", "amount", "currency", "year", *more))
    for one in year.statements:
        told = (one.slug, guarded(one.name), one.citizens or "", one.tier, one.size_class or "", one.days, one.amount)
        writer.writerow((*told, year.currency, year.year, *(columns(usage, one.slug) if usage else ())))
    return text.getvalue()


def columns(usage: Usage, slug: str) -> tuple[str, ...]:
    """What one used, as columns."""
    told = (*usage.of(slug).figures, usage.counted, usage.metered)
    return (usage.name, *("" if one is None else str(one) for one in told))


def plain(usage: Usage) -> dict[str, Any]:
    """What was used, as plain data."""
    return {
        "months": [month.month for month in usage.months],
        "complete": usage.complete,
        "counted": usage.counted,
        "metered": usage.metered,
        "municipalities": {
            slug: used.model_dump(mode="json", by_alias=True) for slug, used in usage.municipalities.items()
        },
        "notes": [f"{month.month}: {note}" for month in usage.months for note in month.notes],
    }


def guarded(name: str) -> str:
    """A name that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{name}" if name.startswith(tuple("=+-@\t\r")) else name


def show(year: Year, compared: Compared | None) -> None:
    """Print tables: lines, statements, and the comparison where there is one."""
    from andel.tables import table

    total = year.paid or 1
    table(
        f"cost of {year.year} in {year.currency}", [LineRow(one.key, one.name, str(one.amount)) for one in year.lines]
    )
    rows = [
        StatementRow(
            one.name,
            str(one.citizens or ""),
            one.tier,
            one.size_class or "",
            one.days,
            str(one.amount),
            f"{one.amount / total:.2%}",
        )
        for one in year.statements
    ]
    table(f"statements, shared by {year.key.kind}", rows)
    click.echo(f"cost {year.cost}, paid {year.paid}{told_of_the_rest(year)}")
    if compared is not None:
        ways = [
            OptionRow(
                one.way,
                str(one.platform),
                str(one.gpus),
                str(one.tokens),
                str(one.total),
                {None: "", True: "yes", False: "no"}[one.carried],
            )
            for one in compared.options
        ]
        table(f"{compared.tokens:,} tokens in a whole year", ways)
        for one in compared.breaks_even.values():
            click.echo(one)
        if compared.most is not None:
            click.echo(f"own GPUs carry {float(compared.most):.2f} times this load, and need more of them above")


def show_usage(year: Year, usage: Usage) -> None:
    """Print what members used, beside what they pay."""
    from andel.tables import table

    rows = [
        UsageRow(
            one.name,
            str(one.amount),
            *("unknown" if figure is None else f"{figure:,}" for figure in usage.of(one.slug).figures),
        )
        for one in year.statements
    ]
    table(f"used in {usage.name}, for information: no amount depends on it", rows)
    for note in plain(usage)["notes"]:
        click.echo(note)


def told_of_the_rest(year: Year) -> str:
    """What is left over or missing, in words."""
    if not year.left:
        return ""
    return f", {year.left} left for the reserve" if year.left > 0 else f", {-year.left} missing"
