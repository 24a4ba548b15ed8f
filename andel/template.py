# SPDX-License-Identifier: MPL-2.0
"""`andel template`: a stack file to fill in, with what every field means beside it."""

import textwrap
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.environment import Environment
from config.stackfile import KEY, SWITCH

WIDTH = 110
TOP = 4
"""Where the environment's own settings begin."""

HEADER = f"""\
# yaml-language-server: $schema=schemas/environment.schema.json
# Fill in what stands in <angle brackets>; lines that begin with `#-` may be left out and show their default.
config:
  {SWITCH}: ["*"]
  {KEY}:
"""


@click.command()
def command() -> None:
    """Print a stack file to fill in."""
    click.echo(template(), nl=False)


def template() -> str:
    """The whole file."""
    return HEADER + "\n".join(_section(Environment, TOP)) + "\n"


def _section(model: type[BaseModel], indent: int) -> Iterator[str]:
    """The fields of a section, each under its description."""
    margin = " " * indent
    for name, field in model.model_fields.items():
        for line in textwrap.wrap(field.description or "", WIDTH - indent):
            yield f"{margin}# {line}"
        key = field.alias or name
        # Sections that may be left out whole are shown whole: they are easier taken away than made up.
        left_out = indent == TOP and field.default is None
        if key == "kind" or field.is_required() or _mapped(field.annotation) or left_out:
            yield from _entry(key, field.annotation, indent)
        else:
            default = field.get_default(call_default_factory=True)
            yield f"{margin}#- {key}: {_written(default)}"


def _entry(key: str, annotation: Any, indent: int) -> Iterator[str]:
    """One setting: a section below it, a mapping with one example, or a value to fill in."""
    margin = " " * indent
    sections = list(_sections(annotation))
    if _mapped(annotation):
        yield f"{margin}{key}:"
        yield f"{margin}  <name>:"
        yield from _section(sections[0], indent + 4)
    elif sections:
        kinds = [get_args(section.model_fields["kind"].annotation)[0] for section in sections if _has_kind(section)]
        if len(kinds) > 1:
            yield f"{margin}# kinds: {', '.join(kinds)}"
        yield f"{margin}{key}:"
        yield from _section(sections[0], indent + 2)
    else:
        yield f"{margin}{key}: {_blank(annotation)}"


def _has_kind(section: type[BaseModel]) -> bool:
    return "kind" in section.model_fields


def _mapped(annotation: Any) -> bool:
    """Whether it is a mapping from names to sections."""
    return get_origin(annotation) is dict and any(_sections(annotation))


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, dict, Annotated):
        for argument in get_args(annotation):
            yield from _sections(argument)


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
    return "<number>" if annotation is int or "Decimal" in str(annotation) else "<text>"


def _written(default: Any) -> str:
    """A default as YAML has it."""
    match default:
        case BaseModel():
            pairs = default.model_dump(mode="json", by_alias=True, exclude_unset=False)
            return "{" + ", ".join(f"{key}: {_written(value)}" for key, value in pairs.items()) + "}"
        case bool():
            return str(default).lower()
        case None:
            return "left out"
        case tuple() | dict() if not default:
            return "none"
        case _ if default is PydanticUndefined:
            return "<value>"
        case _:
            return str(default)
