# SPDX-License-Identifier: MPL-2.0
"""`andel kubeai-values`: what an existing KubeAI must know of the environment's places."""

from pathlib import Path

import click
import yaml

from .stack import environment_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print the values of KubeAI's chart that the models of a stack FILE need, as YAML."""
    from components.kubeai import values

    click.echo(yaml.safe_dump(values(environment_of(file)), sort_keys=False), nl=False)
