# SPDX-License-Identifier: MPL-2.0
"""`andel chat`: talk to a model through a gateway, or list what a key may use."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import openai

VARIABLE = "ANDEL_KEY"


@click.command()
@click.argument("url")
@click.option("--key-file", type=click.Path(path_type=Path), help=f"File that holds the key. Else {VARIABLE} does.")
@click.option("--model", help="Whom to ask. Left out, models that the key may use are listed.")
@click.option("--once", metavar="PROMPT", help="Ask this, and end.")
@click.option("--data-class", help="Class of the data: it decides what may leave the platform.")
@click.option("--ca", type=click.Path(path_type=Path), help="Certificates (PEM) to trust beside the system's.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object an answer, on a line.")
def command(  # one parameter an option, as click has it
    url: str,
    key_file: Path | None,
    model: str | None,
    once: str | None,
    data_class: str | None,
    ca: Path | None,
    as_json: bool,
) -> None:
    """Chat with a model at URL, as https://api.example.dk/v1. A key is never an argument: others could read that."""
    key = key_of(key_file)
    import httpx
    import openai

    from .client import connect, models
    from .errors import told

    client = connect(url, key, ca, data_class)
    try:
        if model is None:
            names = models(client)
            click.echo(json.dumps(names) if as_json else "\n".join(names) or "this key may use no model")
        elif once is not None:
            turn(client, model, [{"role": "user", "content": once}], as_json)
        else:
            talk(client, model, as_json)
    except (openai.OpenAIError, httpx.HTTPError) as error:
        raise click.ClickException(told(error, key)) from None


def key_of(file: Path | None) -> str:
    """The key, from a file or the environment.

    Raises:
        click.ClickException: there is none.
    """
    if file is not None:
        try:
            key = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{file} can't be read ({error}); name a file that holds the key") from None
    else:
        key = os.environ.get(VARIABLE, "").strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        place = str(file) if file else VARIABLE
        raise click.ClickException(f"{place} holds no key; write it into a file (--key-file) or into {VARIABLE}")
    return key


def talk(client: "openai.OpenAI", model: str, as_json: bool) -> None:
    """A conversation: each line is a prompt, the end of input ends it."""
    messages: list[dict[str, str]] = []
    asked = sys.stdin.isatty() and not as_json
    while True:
        if asked:
            click.echo("> ", nl=False, err=True)
        if not (line := sys.stdin.readline()):
            return
        if prompt := line.strip():
            messages.append({"role": "user", "content": prompt})
            messages.append({"role": "assistant", "content": turn(client, model, messages, as_json)})


def turn(client: "openai.OpenAI", model: str, messages: list[dict[str, str]], as_json: bool) -> str:
    """Ask once and show the answer while it comes."""
    from .client import Answer, ask
    from .errors import printable

    answer = Answer(model)
    for piece in ask(client, model, messages, answer):
        if not as_json:
            click.echo(printable(piece), nl=False)
    if as_json:
        click.echo(json.dumps(shown(asdict(answer)), ensure_ascii=True))
    else:
        click.echo()
        if answer.answered_by and sys.stderr.isatty():
            click.echo(f"({answer.model} at {answer.answered_by}, {answer.usage.get('total', '?')} tokens)", err=True)
    return answer.text


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer for scripts, without what nobody knows."""
    return {name: value for name, value in answer.items() if value is not None}
