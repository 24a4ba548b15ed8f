# SPDX-License-Identifier: MPL-2.0
"""Reads the parser of `vllm serve`, inside an environment that has vLLM, and prints what it takes as JSON.

Run by `generate`, as a file, by that environment's Python: it imports nothing of andel. It leans on vLLM's
`make_arg_parser` and on the closures that vLLM's `arg_utils` makes of its type hints (0.10 to 0.33): a type that it
doesn't know ends it, rather than being written down as text.
"""

import argparse
import dataclasses
import importlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, get_args

PARSERS = (
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
"""Modules that hold `make_arg_parser`: in 0.33, in 0.32, and before."""

TYPES = ("vllm.utils.argparse_utils", "vllm.utils")
"""Modules that hold `FlexibleArgumentParser`: since 0.11, and before."""

NAMED = {
    "human_readable_int": "int",
    "human_readable_int_or_auto": "int",
    "int": "int",
    "float": "float",
    "str": "string",
    "loads": "json",
    "parse_reasoning_parser": "string",
    "union_dict_and_str": "json-or-string",
    "parse_dataclass": "json",
}
"""What vLLM's own type functions read, by their names."""

LISTS_AS_TEXT = {"device_ids"}
"""Options whose own lambda splits a string at commas."""

REGISTRIES = {
    "tool_call_parser": ("ToolParserManager", ("vllm.tool_parsers", "vllm.entrypoints.openai.tool_parsers")),
    "reasoning_parser": ("ReasoningParserManager", ("vllm.reasoning",)),
}
"""Options whose choices vLLM looks up when it starts: the registry of each, and the modules that may hold it."""

PLAIN = (bool, int, float, str)
BOUNDS = ("ge", "gt", "le", "lt")


def parser() -> argparse.ArgumentParser:
    """The parser of `vllm serve`, as its own command makes it."""
    make = _first(PARSERS, "make_arg_parser")
    return make(_first(TYPES, "FlexibleArgumentParser")())  # type: ignore[no-any-return]


def _first(modules: tuple[str, ...], name: str) -> Any:
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            reason = error
    raise SystemExit(f"none of {', '.join(modules)} has {name}: {reason}")


def described(action: argparse.Action, deprecated: bool, bounds: dict[str, dict[str, float]]) -> dict[str, Any]:
    """One option, in the words of the table."""
    kind, keys = _kind(action)
    found: dict[str, Any] = {"name": _name(action), "kind": kind}
    if kind != "flag" and kind != "switch":
        found["many"] = _many(action)
    if others := _inverses(action):
        found["inverse"] = others
    if action.dest == "reasoning_effort_map":
        keys = [str(effort) for effort in get_args(_first(("vllm.renderers",), "ReasoningEffort"))]
    if choices := _choices(action):
        found["choices"] = choices
    if keys:
        found["keys"] = sorted(keys)
    if action.default is None or "_optional_type" in _names(action.type):
        found["nullable"] = True
    found.update(bounds.get(action.dest, {}) if kind in ("int", "float") else {})
    if isinstance(action.default, PLAIN) and action.default != argparse.SUPPRESS:
        found["default"] = action.default
    if deprecated:
        found["deprecated"] = True
    return {key: value for key, value in found.items() if value not in (None, False) or key == "default"}


def bounds_of_fields() -> dict[str, dict[str, float]]:
    """Bounds that vLLM's config classes set for their fields, where all classes with a field of that name agree."""
    found: dict[str, dict[str, float]] = {}
    torn = set()
    for one in vars(importlib.import_module("vllm.config")).values():
        if not (isinstance(one, type) and dataclasses.is_dataclass(one)):
            continue
        for field in dataclasses.fields(one):
            limits = {
                name: getattr(limit, name)
                for limit in getattr(field.default, "metadata", ())
                for name in BOUNDS
                if isinstance(getattr(limit, name, None), int | float)
            }
            if found.setdefault(field.name, limits) != limits:
                torn.add(field.name)
    return {name: limits for name, limits in found.items() if limits and name not in torn}


def _choices(action: argparse.Action) -> list[Any]:
    if action.dest in REGISTRIES:
        name, modules = REGISTRIES[action.dest]
        manager = _first(modules, name)
        if hasattr(manager, "list_registered"):
            return sorted(manager.list_registered())
        return sorted(getattr(manager, "tool_parsers", None) or manager.reasoning_parsers)
    # Older versions write the unset value of an optional choice as the text `None`.
    return sorted(choice for choice in action.choices or () if choice is not None and choice != "None")


def _name(action: argparse.Action) -> str:
    long = [option[2:] for option in action.option_strings if option.startswith("--")]
    return next((name for name in long if name.replace("-", "_") == action.dest), long[0])


def _inverses(action: argparse.Action) -> list[str]:
    """Other names under which a flag is switched off: since 0.3x `--disable-x` for `--enable-x`."""
    negative: set[str] = getattr(action, "negative_option_strings", set())
    return sorted(option[2:] for option in negative if not option.startswith("--no-"))


def _many(action: argparse.Action) -> str | int | None:
    """How several values are written: after one another, or each with the option before it."""
    if type(action).__name__ == "_AppendAction":
        return "repeated"
    return action.nargs if action.nargs not in (None, "?") else None


def _kind(action: argparse.Action) -> tuple[str, list[str]]:
    if isinstance(action, argparse.BooleanOptionalAction):
        return "flag", []
    if type(action).__name__ in ("_StoreTrueAction", "_StoreFalseAction"):
        return "switch", []
    if action.nargs == "?" and action.const is True:
        return "flag-or-string", []
    for kind in _unwrapped(action.type):
        name = getattr(kind, "__name__", "")
        if name == "<lambda>" and (action.dest in LISTS_AS_TEXT or _choices(action)):
            return "string", []
        if name in NAMED:
            shape = "-list" if NAMED[name] == "json" and isinstance(action.default, list) else ""
            return NAMED[name] + shape, _fields(kind)
    if action.type is None:
        return "string", []
    raise SystemExit(f"--{_name(action)} is read by {action.type!r}, which this script doesn't know")


def _unwrapped(kind: Any) -> Iterator[Any]:
    """A type function, and those that it closes over: `optional_type(parse_type(json.loads))`."""
    while kind is not None:
        yield kind
        inner = [cell.cell_contents for cell in getattr(kind, "__closure__", None) or ()]
        kind = next((one for one in inner if isinstance(one, Callable)), None)  # type: ignore[arg-type]


def _names(kind: Any) -> list[str]:
    return [getattr(one, "__name__", "") for one in _unwrapped(kind)]


def _fields(kind: Any) -> list[str]:
    """Names of the fields of the dataclass that `parse_dataclass` reads; other JSON may hold anything."""
    classes = [one for one in getattr(kind, "__defaults__", None) or () if dataclasses.is_dataclass(one)]
    return [field.name for one in classes for field in dataclasses.fields(one) if field.init]


def announced() -> set[str]:
    """Arguments that a notice of `arg_utils` calls deprecated: the first that each notice names."""
    notices = vars(importlib.import_module("vllm.engine.arg_utils")).items()
    found = (re.search(r"--([a-z-]+)", text) for name, text in notices if name.endswith("_DEPRECATION_MESSAGE"))
    return {match[1] for match in found if match}


def main() -> None:
    """Print the table of the vLLM that this Python imports."""
    logging.disable(logging.CRITICAL)
    output, sys.stdout = sys.stdout, sys.stderr  # what vLLM prints on import is no part of the table
    made = parser()
    old: set[argparse.Action] = getattr(made, "_deprecated", set())
    bounds, noticed = bounds_of_fields(), announced()
    options = [
        described(action, action in old or getattr(action, "deprecated", False) or _name(action) in noticed, bounds)
        for action in made._actions
        if action.option_strings and action.dest != "help"
    ]
    output.write(json.dumps({"python": sys.version.split()[0], "arguments": options}))
    output.flush()
    os._exit(0)  # vLLM leaves threads behind on import


if __name__ == "__main__":
    main()
