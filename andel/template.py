# SPDX-License-Identifier: MPL-2.0
"""`andel template`: a stack file to fill in, with what every field means beside it."""

import textwrap
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import click
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.fields import kind, sections
from config.scalars import VariableName
from config.schema import ROOTS
from config.stackfile import KEY, MUNICIPALITY, SWITCH

SELDOM = ("chats", "economy", "guardrail", "keycloak", "modelmesh", "overflow")
"""Sections of the environment that few need: shown, and marked as what may be left out."""

WIDTH = 110
TOP = 4
"""Columns before a section of the environment."""

MAY = "#- "
"""Begins what may be left out: without this mark it is a setting."""

SCHEMAS = {KEY: "schemas/environment.schema.json", MUNICIPALITY: "../schemas/municipality.schema.json"}
"""Schema of each kind of stack, seen from its file."""

HEADER = """\
# yaml-language-server: $schema={schema}
# Fill in what stands in <angle brackets>. What begins with `{may}` may be left out, and shows its default where there
# is one: take the mark away to set it.
config:
  {switch}: ["*"]
  {key}:
"""


@click.command()
@click.option("--municipality", is_flag=True, help="One of a municipality.")
def command(municipality: bool) -> None:
    """Print a stack file to fill in."""
    click.echo(template(MUNICIPALITY if municipality else KEY), nl=False)


def template(key: str = KEY) -> str:
    """The whole file of a kind of stack."""
    header = HEADER.format(schema=SCHEMAS[key], switch=SWITCH, key=key, may=MAY)
    return header + "\n".join(" " * TOP + line for line in _section(ROOTS[key], top=True)) + "\n"


def _section(model: type[BaseModel], *, top: bool = False) -> Iterator[str]:
    """The fields of a section, each under its description."""
    for name, field in model.model_fields.items():
        for line in textwrap.wrap(field.description or "", WIDTH):
            yield f"# {line}"
        lines = _entry(field.alias or name, field)
        # Sections of the environment that may be left out are shown whole: they are easier taken away than made up.
        shown = top and name not in SELDOM and (field.default is None or _mapped(field.annotation))
        if field.is_required() or shown:
            yield from lines
        else:
            # One mark is enough, at the beginning: a block is left out or set as a whole.
            yield from (MAY + line.replace(MAY, "", 1) for line in lines)


def _entry(key: str, field: FieldInfo) -> Iterator[str]:
    """One setting: a section below it, a mapping with one example, its default, or a value to fill in."""
    below = list(sections(field.annotation))
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if _mapped(field.annotation):
        yield f"{key}:"
        yield f"  {'<NAME>' if get_args(field.annotation)[0] == VariableName else '<name>'}:"
        yield from ("    " + line for line in _section(below[0]))
    elif below and (default is None or (isinstance(default, BaseModel) and not kind(type(default)))):
        kinds = [one for one in map(kind, below) if one]
        if len(kinds) > 1:
            yield f"# kinds: {', '.join(kinds)}"
        yield f"{key}:"
        yield from ("  " + line for line in _section(below[0]))
    else:
        yield f"{key}: {_blank(field.annotation) if field.is_required() else _written(default)}"


def _mapped(annotation: Any) -> bool:
    """Whether it is a mapping from names to sections."""
    return get_origin(annotation) is dict and any(sections(annotation))


def _blank(annotation: Any) -> str:
    """What to write for a required value."""
    if get_origin(annotation) is Literal:
        return str(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f'"<{" | ".join(str(member.value) for member in annotation)}>"'
    if get_origin(annotation) is tuple:
        return '["<one or more>"]'
    if get_origin(annotation) is dict:
        return '{"<key>": "<value>"}'
    return "<number>" if annotation in (int, Decimal) else "<text>"


def _written(default: Any) -> str:
    """A default as YAML has it, on one line."""
    match default:
        case BaseModel():
            plain: Any = default.model_dump(mode="json", by_alias=True)
        case Decimal():
            plain = float(default)
        case Enum():
            plain = default.value
        case tuple():
            plain = list(default)
        case _:
            plain = default
    return yaml.safe_dump(plain, default_flow_style=True, sort_keys=False).removesuffix("...\n").strip()
