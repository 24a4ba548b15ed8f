# SPDX-License-Identifier: MPL-2.0
"""`andel kubeai-values`: what an existing KubeAI must know of the environment's places."""

import json
from pathlib import Path

import click
import yaml

from .stack import environment_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print the values of KubeAI's chart that the models of a stack FILE need, as YAML."""
    from components.kubeai import values

    # A copy in which no two parts are one: YAML would write the second as a reference to the first.
    plain = json.loads(json.dumps(values(environment_of(file))))
    click.echo(yaml.safe_dump(plain, sort_keys=False), nl=False)
