# SPDX-License-Identifier: MPL-2.0
"""The committed tables against vLLM itself: they are what its parser takes, and what we write it reads back."""

import random
import string
from typing import Any

import pytest

from andel.lab.vllm import VLLM_SOURCES
from andel.release.vllm import VERSIONS, Argument, ArgumentTable, generate, mistakes, render, table
from andel.release.vllm.owned import OWNED, OWNED_VARIABLES
from andel.release.vllm.table import TABLES

from .vllm_environment import interpreter, parsed, sources

pytestmark = pytest.mark.live
every = pytest.mark.parametrize("version", VERSIONS)

ROUNDS = 150
"""Command lines that are made up for each version."""

UNREADABLE = {"config", "lora-modules", "chat-template"}
"""Arguments whose parser opens what they name, or makes objects of its own of it."""


@every
def test_a_table_is_what_the_parser_of_its_version_takes(version: str) -> None:
    read = generate.read(interpreter(), sources(version))
    assert generate.written(version, read) == (TABLES / f"{version}.json").read_text()


@every
def test_what_is_written_is_read_back_as_it_was_meant(version: str) -> None:
    """Made-up arguments of every kind, by a fixed seed: those that pass `mistakes` are read as the same values."""
    known, chance = table(version), random.Random(version)  # noqa: S311 (made-up values, no secrets)
    wanted = [arguments for arguments in (_made_up(known, chance) for _ in range(ROUNDS)) if arguments]
    assert sum(map(len, wanted)) > ROUNDS
    for arguments, answer in zip(wanted, parsed(version, [render(a, known) for a in wanted]), strict=True):
        assert "read" in answer, (arguments, answer)
        for name, value in arguments.items():
            assert _same(known.arguments[name], value, answer["read"][name]), (name, value, answer["read"][name])


@every
def test_every_argument_is_made_up_at_least_once(version: str) -> None:
    """Else the test above would show less than it says."""
    known, chance = table(version), random.Random(version)  # noqa: S311 (the same as above)
    seen = {name for _ in range(ROUNDS) for name in _made_up(known, chance)}
    free = set(known.arguments) - set(OWNED) - UNREADABLE
    objects = {name for name in free if known.arguments[name].keys}  # their fields have types of their own
    assert len(free - objects - seen) <= len(free) // 20, sorted(free - objects - seen)


def test_what_the_table_refuses_vllm_refuses_too() -> None:
    """Names, types and choices; what vLLM's parser lets pass and its engine refuses is not among them."""
    known = table("0.33.0")
    broken = [
        ["--max-sequences=8"],
        ["--swap-space=4"],
        ["--max-num-seqs=many"],
        ["--mm-processor-cache-type=x"],
    ]
    broken += [["--enable-auto-tool-choice"], ["--limit-mm-per-prompt=four"], ["--sse-keep-alive-interval=-1"]]
    for words, answer in zip(broken, parsed("0.33.0", broken), strict=True):
        name, _, value = words[0].removeprefix("--").partition("=")
        given: Any = int(value) if value.lstrip("-").isdigit() else value or True
        assert list(mistakes({name: given}, known)), words
        assert "refused" in answer, words


def test_the_variables_that_nobody_sets_are_vllms() -> None:
    interpreter()
    known = (VLLM_SOURCES.folder / "0.33.0" / "vllm" / "envs.py").read_text()
    assert [name for name in OWNED_VARIABLES if f'"{name}": ' not in known] == []


def _made_up(known: ArgumentTable, chance: random.Random) -> dict[str, Any]:
    free = [name for name in known.arguments if name not in OWNED and name not in UNREADABLE]
    made = {name: _value(known.arguments[name], chance) for name in chance.sample(free, 6)}
    made = {name: value for name, value in made.items() if value is not None}
    return {} if list(mistakes(made, known)) else made


def _value(argument: Argument, chance: random.Random) -> Any:
    if isinstance(argument.many, int):
        return [_one(argument, chance) for _ in range(argument.many)]
    if argument.many is not None:
        return [_one(argument, chance) for _ in range(chance.randint(1, 3))]
    return _one(argument, chance)


def _one(argument: Argument, chance: random.Random) -> Any:
    if argument.choices:
        return chance.choice(argument.choices)
    if argument.keys:
        return None  # an object of vLLM's own, with types of its own
    match argument.kind:
        case "flag" | "switch":
            return chance.random() < 0.5
        case "int":
            low = int(argument.ge or 0)
            return chance.randint(low, low + 1000)
        case "float":
            return round(chance.random() * (argument.le or argument.lt or 8), 3)
        case "json" | "json-or-string":
            return {_text(chance): chance.choice([1, 0.5, True, "a b", {"deep": [1, "x=y"]}])}
        case "json-list":
            return [_text(chance)]
        case "string" | "flag-or-string":
            return _text(chance)


def _text(chance: random.Random) -> str:
    return "x" + "".join(chance.choices(string.ascii_letters + string.digits + " ./:=,'\"æ", k=8)) + "x"


def _same(argument: Argument, meant: Any, read: Any) -> bool:
    if argument.kind == "string" and isinstance(read, list) and not isinstance(meant, list):
        return ",".join(map(str, read)) == ",".join(part.strip() for part in str(meant).split(","))
    if isinstance(meant, int | float) and not isinstance(meant, bool):
        return float(read) == float(meant)
    return bool(meant == read)
