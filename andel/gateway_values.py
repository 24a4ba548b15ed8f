# SPDX-License-Identifier: MPL-2.0
"""`andel gateway-values`: what an existing Envoy Gateway must know of the environment's edge."""

import json
from pathlib import Path

import click
import yaml

from .stack import environment_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print the values of Envoy Gateway's chart that the edge of a stack FILE needs, as YAML."""
    from components.operators import gateway_values

    environment = environment_of(file)
    if environment.gateway is None:
        raise click.ClickException(f"{file.name} has no gateway")
    # A copy in which no two parts are one: YAML would write the second as a reference to the first.
    plain = json.loads(json.dumps(gateway_values(environment.operators, environment.gateway)))
    click.echo(yaml.safe_dump(plain, sort_keys=False), nl=False)
