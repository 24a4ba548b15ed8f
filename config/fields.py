# SPDX-License-Identifier: MPL-2.0
"""What may stand where: sections, settings and kinds at a path, read from the models."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from .section import Path


def sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every section in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, dict, tuple, Annotated):
        for argument in get_args(annotation):
            yield from sections(argument)


def kind(section: type[BaseModel]) -> str | None:
    """The kind that a section is, among alternatives."""
    field = section.model_fields.get("kind")
    return str(get_args(field.annotation)[0]) if field else None


def kinds_at(root: type[BaseModel], path: Path) -> list[str]:
    """Kinds of the alternatives at a path."""
    return sorted(filter(None, map(kind, sections_at(root, path))))


def settings_at(root: type[BaseModel], path: Path, document: object) -> list[str]:
    """Settings that may stand below a mapping of the document, as YAML writes them.

    Of alternatives, they are those of the kind that the document names.
    """
    at: Any = document
    for part in path:
        at = at[part]
    written = at.get("kind")
    there = sections_at(root, path)
    there = [section for section in there if kind(section) == written] or there
    return sorted({field.alias or name for section in there for name, field in section.model_fields.items()})


def sections_at(root: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """Sections that may stand at a path."""
    there: list[type[BaseModel]] = [root]
    for part in path:
        annotations = [
            field.annotation
            for section in there
            for name, field in section.model_fields.items()
            if part in (field.alias or name, name)
        ]
        # A part that no section has is the key of a mapping or the place in a list: what follows is its value.
        there = [section for annotation in annotations for section in sections(annotation)] or there
    return there
