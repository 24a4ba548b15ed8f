# SPDX-License-Identifier: MPL-2.0
"""`andel check`: judge stack files without engine, cluster or network."""

import json
import sys
from pathlib import Path

import click

from config.judge import judge
from config.section import Mistake, Refusal, dotted
from config.stackfile import StackFile, read

MOST = 50
"""Mistakes shown of one file; more than these are counted."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For scripts: a list of mistakes with file, line and path.")
def command(files: tuple[Path, ...], as_json: bool) -> None:
    """Judge stack FILES: one line a mistake, `file:line: path: what is wrong; how to mend it`."""
    found = [(file, line, mistake) for file in files for line, mistake in mistakes(file)]
    if as_json:
        rows = [
            {"file": str(file), "line": line, "path": dotted(one.path), "wrong": one.wrong, "mend": one.mend}
            for file, line, one in found
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for file in files:
            _tell(file, [(line, mistake) for at, line, mistake in found if at == file])
    sys.exit(1 if found else 0)


def mistakes(file: Path) -> list[tuple[int, Mistake]]:
    """Every mistake of a stack file with its line."""
    stack = StackFile()
    try:
        stack = read(file)
        judge(stack.environment)
    except Refusal as refusal:
        return [(mistake.line or stack.line(mistake.path), mistake) for mistake in refusal.mistakes]
    return []


def _tell(file: Path, found: list[tuple[int, Mistake]]) -> None:
    for line, mistake in found[:MOST]:
        place = dotted(mistake.path)
        click.echo(f"{file}:{line}: {place + ': ' if place else ''}{mistake.wrong}; {mistake.mend}")
    if len(found) > MOST:
        click.echo(f"{file}: and {len(found) - MOST} more")
    if not found:
        click.echo(f"{file}: good")
