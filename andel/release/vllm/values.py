# SPDX-License-Identifier: MPL-2.0
"""Whether a value is one that an argument takes, by the table alone."""

import difflib
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from config.section import Mistake

from .table import Argument

Value = bool | int | float | str | list[Any] | Mapping[str, Any]
"""What a config may say of an argument."""

EXPANDED = re.compile(r"\$\(|\{\{")
"""What Kubernetes ($(NAME)) and KServe ({{.Name}}) would put something else for."""

WORDS = {
    "flag": "true or false",
    "switch": "true or false",
    "flag-or-string": "true or text",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "json": "an object",
    "json-list": "a list",
    "json-or-string": "an object or text",
}
"""What each kind takes, in words."""


def value_mistakes(argument: Argument, value: Any) -> Iterator[Mistake]:
    """What is wrong with the value of an argument. Paths begin with the argument's name.

    Values are never shown: somebody may have put a secret there.
    """
    path = (argument.name,)
    if value is None:
        yield Mistake(path, "has no value", "write one, or leave the argument out")
    elif any(EXPANDED.search(text) for text in texts(value)):
        yield Mistake(
            path,
            "holds $( or {{, which Kubernetes and KServe put other text for",
            "put the text into a file of the model, and name the file",
        )
    elif argument.many is not None:
        yield from _list_mistakes(argument, value)
    else:
        yield from _one_mistakes(argument, path, value)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, item in value.items():
                yield from texts(str(key))
                yield from texts(item)
        case list() | tuple():
            for item in value:
                yield from texts(item)


def _list_mistakes(argument: Argument, value: Any) -> Iterator[Mistake]:
    path = (argument.name,)
    if not isinstance(value, list | tuple):
        yield Mistake(path, "takes several values", f"write a list, each {WORDS[argument.kind]}")
    elif not value:
        yield Mistake(path, "is an empty list", "write at least one value, or leave the argument out")
    elif isinstance(argument.many, int) and len(value) != argument.many:
        yield Mistake(path, f"has {len(value)} values", f"write {argument.many}")
    else:
        for index, item in enumerate(value):
            yield from _one_mistakes(argument, (argument.name, index), item)
            # vLLM would take it for the next argument: a list is written word by word.
            if isinstance(item, str) and item.startswith("-"):
                yield Mistake((argument.name, index), "begins with a dash", "write it without")


def _one_mistakes(argument: Argument, path: tuple[str | int, ...], value: Any) -> Iterator[Mistake]:
    if not _fits(argument, value):
        yield Mistake(path, f"is {_kind_of(value)}", f"write {WORDS[argument.kind]}")
    elif argument.choices and value not in argument.choices:
        yield Mistake(path, "is none of its choices", f"write {nearest(str(value), map(str, argument.choices))}")
    elif isinstance(value, int | float) and not isinstance(value, bool) and (bound := _broken_bound(argument, value)):
        yield Mistake(path, f"is out of bounds in vLLM: {value}", f"write a number {bound}")
    elif isinstance(value, Mapping) and argument.keys:
        for key in value:
            if key not in argument.keys:
                yield Mistake((*path, str(key)), "is no field of it", f"write {nearest(str(key), argument.keys)}")


def _fits(argument: Argument, value: Any) -> bool:
    match argument.kind:
        case "flag" | "switch":
            return isinstance(value, bool)
        case "flag-or-string":
            return value is True or isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "string":
            return isinstance(value, str)
        case "json":
            return isinstance(value, Mapping)
        case "json-list":
            return isinstance(value, list | tuple)
        case "json-or-string":
            return isinstance(value, Mapping | str)


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _broken_bound(argument: Argument, value: float) -> str:
    """The bound that a number breaks, in words; empty if it breaks none."""
    bounds = (
        (argument.ge, "of at least", operator.ge),
        (argument.gt, "above", operator.gt),
        (argument.le, "of at most", operator.le),
        (argument.lt, "below", operator.lt),
    )
    return next(
        (f"{words} {limit:g}" for limit, words, kept in bounds if limit is not None and not kept(value, limit)), ""
    )


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that a word may have meant, or all of them where none is near."""
    names = list(names)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return close[0] if close else "one of " + ", ".join(names)
