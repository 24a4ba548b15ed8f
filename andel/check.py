# SPDX-License-Identifier: MPL-2.0
"""`andel check`: judge stack files without engine, cluster or network."""

import json
import sys
from pathlib import Path

import click

from andel.release.admission import judged
from andel.stack import environment_of
from config.contract import PlatformContract, contract
from config.judge import judge_municipality
from config.municipality_rules import mistakes as between
from config.notices import notices, notices_of_municipality
from config.section import Mistake, Refusal, dotted, refuse_if_any
from config.stackfile import MUNICIPALITY, StackFile, read

MOST = 50
"""Mistakes shown of one file; more than these are counted."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--platform",
    type=click.Path(path_type=Path),
    help="Stack file of the platform: municipalities' files are judged by what it gives them, too.",
)
@click.option("--json", "as_json", is_flag=True, help="For scripts: a list of mistakes with file, line and path.")
def command(files: tuple[Path, ...], platform: Path | None, as_json: bool) -> None:
    """Judge stack FILES: one line a mistake, `file:line: path: what is wrong; how to mend it`."""
    given = contract(environment_of(platform)) if platform else None
    told_of = {file: mistakes_and_notices(file, given) for file in files}
    found = [(file, line, mistake) for file, (wrong, _) in told_of.items() for line, mistake in wrong]
    if as_json:
        rows = [
            {"file": str(file), "line": line, "path": dotted(one.path), "wrong": one.wrong, "mend": one.mend}
            for file, line, one in found
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for file, (wrong, _) in told_of.items():
            _tell(file, wrong)
    for file, (_, told) in told_of.items():
        for line, one in told:
            # No mistake: scripts that read the list don't meet it, and the exit status is what it would be.
            click.echo(f"{file}:{line}: {dotted(one.path)}: notice: {one.wrong}; {one.mend}", err=as_json)
    sys.exit(1 if found else 0)


Told = list[tuple[int, Mistake]]
"""Mistakes or notices, each with its line."""


def mistakes(file: Path) -> Told:
    """Every mistake of a stack file with its line."""
    return mistakes_and_notices(file)[0]


def mistakes_and_notices(file: Path, given: PlatformContract | None = None) -> tuple[Told, Told]:
    """Every mistake of a stack file; of a good one, what is to be thought about.

    Args:
        file: of the platform, or of a municipality.
        given: by which a municipality is judged, beside its own rules.
    """
    stack = StackFile()
    try:
        stack = read(file)
        if stack.key == MUNICIPALITY:
            municipality = judge_municipality(stack.municipality)
            refuse_if_any(between(municipality, given) if given else ())
            return [], [(stack.line(notice.path), notice) for notice in notices_of_municipality(municipality)]
        environment = judged(stack.environment)
    except Refusal as refusal:
        return [(mistake.line or stack.line(mistake.path), mistake) for mistake in refusal.mistakes], []
    return [], [(stack.line(notice.path), notice) for notice in notices(environment)]


def _tell(file: Path, found: Told) -> None:
    for line, mistake in found[:MOST]:
        place = dotted(mistake.path)
        click.echo(f"{file}:{line}: {place + ': ' if place else ''}{mistake.wrong}; {mistake.mend}")
    if len(found) > MOST:
        click.echo(f"{file}: and {len(found) - MOST} more")
    if not found:
        click.echo(f"{file}: good")
