# SPDX-License-Identifier: MPL-2.0
"""The judgement of a document: an environment, or every mistake with its path, what is wrong and how to mend it.

All mistakes of one round are told together. Secrets are looked for first, and no message ever holds one.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .environment import Environment
from .secrets import secrets_in
from .section import Mistake, Path, Refusal, refuse_if_any


def judge(document: object) -> Environment:
    """The environment that a document describes.

    Raises:
        Refusal: it breaks a rule; with all mistakes.
    """
    refuse_if_any(secrets_in(document))
    try:
        return Environment.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [mistake for detail in error.errors(include_url=False) for mistake in mistakes_of(detail, document)]
    raise Refusal(found)


def mistakes_of(error: ErrorDetails, document: object) -> Iterator[Mistake]:
    """The mistakes behind one error of pydantic, in our words."""
    path = path_of(error["loc"], document)
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Refusal):
        yield from (mistake.below(path) for mistake in cause.mistakes)
    else:
        yield Mistake(path, *_words(error, path))


def path_of(location: tuple[str | int, ...], document: object) -> Path:
    """A location of pydantic as a path of the document: tags of unions and marks of keys stand in no file."""
    path: list[str | int] = []
    at = document
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if part == "[key]":
            continue
        if isinstance(at, dict):
            if part in at:
                at = at[part]
            elif not last:
                continue  # the tag of a union
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        path.append(part)
    return tuple(path)


def _words(error: ErrorDetails, path: Path) -> tuple[str, str]:
    """What is wrong and how to mend it, for one kind of error (source: pydantic, validation errors)."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing", "add it"
        case "extra_forbidden":
            return "unknown setting", _nearest(str(path[-1]), path)
        case "union_tag_not_found":
            return "doesn't say its kind", f"add `kind:` with one of {_tags(path)}"
        case "union_tag_invalid":
            return "unknown kind", f"write one of {context['expected_tags']}"
        case "enum" | "literal_error":
            return "not a value that is known", f"write one of {context['expected']}"
        case "string_pattern_mismatch":
            return "a name of a wrong form", _PATTERNS.get(context["pattern"], "see its description in the schema")
        case "string_too_long":
            return "too long", f"write at most {context['max_length']} characters"
        case "string_too_short" | "too_short":
            return "empty", "write at least one"
        case "value_error":
            wrong, _, mend = str(context["error"]).partition("; ")
            return wrong, mend
        case kind if kind in _BOUNDS:
            phrase, limit = _BOUNDS[kind]
            return "out of range", f"write a number {phrase} {context[limit]}"
        case "string_type":
            return f"{_type_name(error['input'])}, not a text", "put it in quotes"
        case kind:
            wanted = _TYPES.get(kind, error["msg"])
            return f"{_type_name(error['input'])}, and {wanted} belongs here", f"write {wanted}"


_BOUNDS = {
    "greater_than_equal": ("of at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("of at most", "le"),
    "less_than": ("below", "lt"),
}
"""Errors of range: in words, and where pydantic puts the limit."""

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}


def _type_name(value: object) -> str:
    """The type of a value in words; never the value."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), "nothing" if value is None else "something else")


def _nearest(word: str, path: Path) -> str:
    known = _fields_at(path[:-1])
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"write {near[0]}, or take it away"
    return f"take it away; here stand {', '.join(known)}" if known else "take it away"


def _tags(path: Path) -> str:
    """Kinds of the union at a path."""
    kinds = {
        get_args(model.model_fields["kind"].annotation)[0] for model in _models_at(path) if "kind" in model.model_fields
    }
    return ", ".join(sorted(kinds))


def _fields_at(path: Path) -> list[str]:
    """Names that may stand below a path, as YAML writes them."""
    names = {field.alias or name for model in _models_at(path) for name, field in model.model_fields.items()}
    return sorted(names)


def _models_at(path: Path) -> list[type[BaseModel]]:
    """Sections that may stand at a path."""
    models: list[type[BaseModel]] = [Environment]
    for part in path:
        annotations = [
            field.annotation
            for model in models
            for name, field in model.model_fields.items()
            if part in (field.alias or name, name)
        ]
        # A part that no section has is the key of a mapping or the place in a list: what follows is its value.
        models = [model for annotation in annotations for model in _sections(annotation)] or models
    return models


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every section in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, dict, tuple, Annotated):
        for argument in get_args(annotation):
            yield from _sections(argument)


_LABEL = "write lower-case letters, digits and hyphens, a letter first"
_PATTERNS = {
    r"^[a-z]([-a-z0-9]*[a-z0-9])?$": _LABEL,
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$": "write a full host name, as api.example.dk",
    r"^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$": "write letters, digits, hyphens, dots and underscores",
    r"^[1-7]g\.[1-9][0-9]*gb$": "write slices and memory, as 1g.10gb",
    r"^(oci://[^\s@]+|/[^\s]*)$": "write oci:// and a registry, or an absolute path of a folder",
    r"^[a-z0-9][-a-z0-9.:/_]*[a-z0-9]$": "write registry and path without a scheme, as registry.example.dk/mirror",
}
"""The form that a pattern asks for, in words."""
