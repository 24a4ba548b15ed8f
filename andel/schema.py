# SPDX-License-Identifier: MPL-2.0
"""`andel schema`: the JSON schemas of stack files, which editors use to complete them."""

import json
from pathlib import Path

import click

from config.schema import stack_schema
from config.stackfile import KEY, MUNICIPALITY

FOLDER = Path(__file__).resolve().parents[1] / "schemas"

FILES = {KEY: "environment.schema.json", MUNICIPALITY: "municipality.schema.json"}
"""File of each kind of stack."""


@click.command()
@click.option("--municipality", is_flag=True, help="Print that of a municipality's stack.")
@click.option("--write", is_flag=True, help="Write both into schemas/ of the checkout.")
@click.option("--check", is_flag=True, help="Fail when one in the checkout is another.")
def command(municipality: bool, write: bool, check: bool) -> None:
    """Print the JSON schema of a stack file."""
    if not (write or check):
        click.echo(text(MUNICIPALITY if municipality else KEY), nl=False)
    for key, name in FILES.items():
        file = FOLDER / name
        if check and (not file.exists() or file.read_text(encoding="utf-8") != text(key)):
            raise click.ClickException(f"{name} is not what the config says; run `andel schema --write`")
        if write:
            FOLDER.mkdir(exist_ok=True)
            file.write_text(text(key), encoding="utf-8")


def text(key: str) -> str:
    """The schema of a kind of stack."""
    return json.dumps(stack_schema(key), indent=2, ensure_ascii=False) + "\n"
