# SPDX-License-Identifier: MPL-2.0
"""The judgement of a document: an environment, or every mistake with its path, what is wrong and how to mend it.

All mistakes of one round are told together. Secrets are looked for first, and no message ever holds one.
"""

import datetime
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .environment import Environment
from .fields import kinds_at, settings_at
from .municipality import Municipality
from .scalars import WORDS
from .secrets import secrets_in
from .section import Mistake, Path, Refusal, Section, refuse_if_any

Root = TypeVar("Root", bound=Section)


def judge(document: object) -> Environment:
    """The environment that a document describes.

    Raises:
        Refusal: it breaks a rule; with all mistakes.
    """
    return judged_as(Environment, document)


def judge_municipality(document: object) -> Municipality:
    """What a municipality's document describes.

    Raises:
        Refusal: it breaks a rule; with all mistakes.
    """
    return judged_as(Municipality, document)


def judged_as(root: type[Root], document: object) -> Root:
    """What a document describes, as a root of the config.

    Raises:
        Refusal: it breaks a rule; with all mistakes.
    """
    try:
        refuse_if_any(secrets_in(document))
    except RecursionError:
        raise Refusal([Mistake((), "deeper than any setting is", "unfold it")]) from None
    try:
        return root.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False)
        above = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
        # A list whose items are all wrong is told to be too short as well: the items say it.
        details = [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in above]
        found = [mistake for detail in details for mistake in mistakes_of(detail, document, root)]
    raise Refusal(found)


def mistakes_of(error: ErrorDetails, document: object, root: type[Section] = Environment) -> Iterator[Mistake]:
    """The mistakes behind one error of pydantic, in our words."""
    path = path_of(error["loc"], document, there=error["type"] != "missing")
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Refusal):
        yield from (mistake.below(path) for mistake in cause.mistakes)
    else:
        yield Mistake(path, *_words(error, path, document, root))


def path_of(location: tuple[str | int, ...], document: object, *, there: bool) -> Path:
    """A location of pydantic as a path of the document: tags of unions and marks of keys stand in no file.

    Args:
        location: of the error.
        document: what was judged.
        there: whether the document has a value at that place. If so, a last part without one is a tag.
    """
    path: list[str | int] = []
    at = document
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if part == "[key]":
            continue
        if isinstance(at, dict):
            if part in at:
                at = at[part]
            elif there or not last:
                continue  # the tag of a union
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        path.append(part)
    return tuple(path)


def _words(error: ErrorDetails, path: Path, document: object, root: type[Section]) -> tuple[str, str]:
    """What is wrong and how to mend it, for one kind of error (source: pydantic, validation errors)."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing", "add it"
        case "extra_forbidden":
            return "unknown setting", _nearest(path, document, root)
        case "union_tag_not_found":
            return "doesn't say its kind", f"add `kind:` with one of {', '.join(kinds_at(root, path))}"
        case "union_tag_invalid":
            return "unknown kind", f"write one of {context['expected_tags']}"
        case "string_type" | "enum" | "literal_error" if _should_be_text(error):
            # YAML reads a bare 2026.10 as a number and a bare `no` as false.
            scalar = isinstance(error["input"], bool | int | float | datetime.date)
            return f"{_type_name(error['input'])}, not a text", "put it in quotes" if scalar else "write a text"
        case "enum" | "literal_error":
            return "not a value that is known", f"write one of {context['expected']}"
        case "string_pattern_mismatch":
            return "has a wrong form", WORDS[context["pattern"]]
        case "string_too_long" | "too_long" as kind:
            wrong, of = ("too many", "") if kind == "too_long" else ("too long", " characters")
            return wrong, f"write at most {context['max_length']}{of}"
        case "string_too_short" | "too_short":
            return "empty", "write at least one"
        case "value_error":
            wrong, _, mend = str(context["error"]).partition("; ")
            return wrong, mend
        case kind if kind in _BOUNDS:
            phrase, limit = _BOUNDS[kind]
            return "out of range", f"write a number {phrase} {context[limit]}"
        case kind:
            wanted = _TYPES.get(kind, error["msg"])
            return f"{_type_name(error['input'])}, and {wanted} belongs here", f"write {wanted}"


def _should_be_text(error: ErrorDetails) -> bool:
    """Whether a text belongs where something else stands. Choices that are texts are told in quotes."""
    return not isinstance(error["input"], str) and "'" in error.get("ctx", {}).get("expected", "'")


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
    "decimal_max_places": "a number with fewer decimals",
    "finite_number": "a number",
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
        datetime.date: "a date",
        datetime.datetime: "a time",
    }
    return names.get(type(value), "nothing" if value is None else "something else")


def _nearest(path: Path, document: object, root: type[Section]) -> str:
    known = settings_at(root, path[:-1], document)
    near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    if near:
        return f"write {near[0]}, or take it away"
    return f"take it away; here stand {', '.join(known)}"
