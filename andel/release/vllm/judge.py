# SPDX-License-Identifier: MPL-2.0
"""What is wrong with the arguments of a model, and how its command line is written."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from config.section import Mistake

from . import contradictions
from .owned import OWNED, OWNED_FIELDS
from .table import Argument, ArgumentTable
from .values import Value, value_mistakes


def mistakes(arguments: Mapping[str, Value], table: ArgumentTable) -> Iterator[Mistake]:
    """What vLLM, or the platform, would refuse. The path of a mistake begins with the argument.

    Args:
        arguments: values by name, without dashes in front: `max-num-seqs: 64`.
        table: the arguments of the vLLM that will read them.
    """
    sound: dict[str, Value] = {}
    for name, value in arguments.items():
        found = list(_mistakes_of(name, value, table))
        yield from found
        if not found:
            sound[name] = value
    for rule in contradictions.RULES:
        yield from rule(sound)


def _mistakes_of(name: str, value: Value, table: ArgumentTable) -> Iterator[Mistake]:
    if name in OWNED and name in table.arguments:
        yield Mistake((name,), "is written by the platform", OWNED[name])
    elif name not in table.arguments:
        yield Mistake((name,), *_unknown(name, table))
    else:
        yield from value_mistakes(table.arguments[name], value)
        for field in value if isinstance(value, Mapping) else ():
            if field in OWNED_FIELDS:
                yield Mistake((name, field), "is not set by hand", OWNED_FIELDS[field])


def _unknown(name: str, table: ArgumentTable) -> tuple[str, str]:
    """What is wrong with a name that the table doesn't have, and how to mend it."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name.lstrip("-")).lower()
    of_vllm = f"vLLM {table.version}"
    if (flag := _inverted(name, table)) is not None:
        return f"is {of_vllm}'s other way to switch {flag} off", OWNED.get(flag, f"write `{flag}: false`")
    if name in table.former:
        return f"was removed: {of_vllm} hasn't it, {table.former[name]} still had it", OWNED.get(name, "leave it out")
    if name in table.later:
        return f"is not in {of_vllm} yet, {table.later[name]} has it", OWNED.get(name, "leave it out")
    if plain != name and (plain in table.arguments or plain in OWNED):
        return f"is no argument of {of_vllm} as it is written", f"write {plain}"
    if (positive := _positive(plain, table)) is not None:
        return f"is no argument of {of_vllm} as it is written", f"write `{positive}: false`"
    head, dot, rest = plain.partition(".")
    if dot and head in table.arguments:
        return f"is a field of {head}", f"write `{head}: {{{rest}: …}}`"
    free = [known for known in table.arguments if known not in OWNED]
    close = difflib.get_close_matches(plain, free, n=1, cutoff=0.6)
    return f"is no argument of {of_vllm}", f"write {close[0]}" if close else "leave it out: no argument has a like name"


def _inverted(name: str, table: ArgumentTable) -> str | None:
    """The flag that a name switches off."""
    return next((flag for flag, argument in table.arguments.items() if name in argument.inverse), None)


def _positive(name: str, table: ArgumentTable) -> str | None:
    """The flag that a name negates: `no-enable-prefix-caching`, `disable-prefix-caching`."""
    candidates = (name.removeprefix("no-"), re.sub("^disable-", "enable-", name), re.sub("^enable-", "disable-", name))
    return next(
        (one for one in candidates if one != name and one in table.arguments and table.arguments[one].kind == "flag"),
        None,
    )


def going(arguments: Mapping[str, Value], table: ArgumentTable) -> list[str]:
    """Arguments that vLLM still takes, and says that it won't for long."""
    return [name for name in sorted(arguments) if name in table.arguments and table.arguments[name].deprecated]


def render(arguments: Mapping[str, Value], table: ArgumentTable) -> list[str]:
    """The words of the command line, sorted by argument; they are for `exec`, no shell may read them again.

    Raises:
        KeyError: an argument is not in the table; `mistakes` says so beforehand.
    """
    return [word for name in sorted(arguments) for word in _words(table.arguments[name], arguments[name])]


def _words(argument: Argument, value: Any) -> list[str]:
    option = f"--{argument.name}"
    if argument.many == "repeated":
        return [f"{option}={_text(item)}" for item in value]
    if argument.many is not None:
        return [option, *(_text(item) for item in value)]
    match value:
        case True:
            return [option]
        case False:
            return [f"--no-{argument.name}"] if argument.kind == "flag" else []
        case _:
            return [f"{option}={_text(value)}"]


def _text(value: Any) -> str:
    """A value as vLLM reads it. Numbers in full: `1e-05` and `1E+2` are read as numbers, too."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
