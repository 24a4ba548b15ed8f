# SPDX-License-Identifier: MPL-2.0
"""`andel preview`: what a stack file stands up, without an engine and without a cluster."""

import json
from pathlib import Path

import click

from andel.stack import environment_of

from .plan import planned, show_plan


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For scripts: every resource with its type, name and provider.")
def command(file: Path, as_json: bool) -> None:
    """Show what a stack FILE stands up. `pulumi preview` compares that with a cluster; this asks nobody."""
    environment = environment_of(file)
    if not as_json:
        show_plan(environment)
        return
    rows = [
        {"type": one.type, "name": one.name, "urn": one.urn, "object": one.object, "provider": one.provider}
        for one in planned(environment)
    ]
    click.echo(json.dumps(rows, indent=1))
