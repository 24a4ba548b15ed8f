# SPDX-License-Identifier: MPL-2.0
"""The environment of a stack file, for verbs that go on only with a good one."""

from collections.abc import Callable
from pathlib import Path

import click

from andel.release.admission import judged
from config.counted import counted
from config.environment import Environment
from config.section import Refusal
from config.stackfile import read


def environment_of(file: Path) -> Environment:
    """Read and judge a stack file.

    Raises:
        click.ClickException: it is refused; with every mistake.
    """
    return _of(file, judged)


def counted_of(file: Path) -> Environment:
    """Pools and models of a stack file, whether or not the rest of it is right.

    Raises:
        click.ClickException: these are refused by themselves; with every mistake of theirs.
    """
    return _of(file, counted)


def _of(file: Path, judge: Callable[[object], Environment]) -> Environment:
    try:
        return judge(read(file).environment)
    except Refusal as refusal:
        raise click.ClickException(f"{file} is refused (`andel check` names the lines):\n{refusal}") from None
