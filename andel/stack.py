# SPDX-License-Identifier: MPL-2.0
"""The environment of a stack file, for verbs that go on only with a good one."""

from pathlib import Path

import click

from andel.release.admission import judged
from config.environment import Environment
from config.section import Refusal
from config.stackfile import read


def environment_of(file: Path) -> Environment:
    """Read and judge a stack file.

    Raises:
        click.ClickException: it is refused; with every mistake.
    """
    try:
        return judged(read(file).environment)
    except Refusal as refusal:
        raise click.ClickException(f"{file} is refused (`andel check` names the lines):\n{refusal}") from None
