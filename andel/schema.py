# SPDX-License-Identifier: MPL-2.0
"""`andel schema`: the JSON schema of stack files, which editors use to complete them."""

import json
from pathlib import Path

import click

from config.schema import stack_schema

FILE = Path(__file__).resolve().parents[1] / "schemas" / "environment.schema.json"


@click.command()
@click.option("--write", is_flag=True, help="Write it into schemas/ of the checkout.")
@click.option("--check", is_flag=True, help="Fail when the one in the checkout is another.")
def command(write: bool, check: bool) -> None:
    """Print the JSON schema of a stack file."""
    text = json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"
    if check:
        if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
            raise click.ClickException(f"{FILE.name} is not what the config says; run `andel schema --write`")
    elif write:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)
