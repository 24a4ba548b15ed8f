# SPDX-License-Identifier: MPL-2.0
"""Edits of an environment by path: a test file says only what differs from its base (dev, if it names none)."""

import copy
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

FILES = Path(__file__).parent / "broken"


@dataclass(frozen=True)
class Broken:
    """An edit that breaks one rule, and its valid near-miss."""

    name: str
    path: str
    wrong: str
    rule: str
    set: dict[str, Any]
    near: dict[str, Any]
    base: str = "Pulumi.dev.yaml"

    @property
    def document(self) -> dict[str, Any]:
        """The environment that is edited."""
        return environment_of(self.base)


@cache
def environment_of(file: str) -> dict[str, Any]:
    """The environment of a stack file, not judged. It is shared: nobody changes it."""
    document = yaml.load((ROOT / file).read_text(encoding="utf-8"), yaml.CSafeLoader)
    environment: dict[str, Any] = document["config"]["andel:environment"]
    return environment


def broken_files() -> list[Broken]:
    """Every file of the folder."""
    return [Broken(file.stem, **yaml.safe_load(file.read_text())) for file in sorted(FILES.glob("*.yaml"))]


def edited(document: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """A copy with values set by path. `<gone>` takes a value away, `@path` is the value of another path."""
    result = copy.deepcopy(document)
    for path, value in edits.items():
        *above, last = parts(path)
        at: Any = result
        for part in above:
            at = at[part] if isinstance(part, int) else at.setdefault(part, {})
        if value == "<gone>":
            del at[last]
        elif isinstance(value, str) and value.startswith("@"):
            at[last] = copy.deepcopy(found(document, value[1:]))
        else:
            at[last] = value
    return result


def parts(path: str) -> list[Any]:
    """`models.x.taints[0].key` as keys and places. Keys of labels hold dots and slashes, so they are set whole."""
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]


def found(document: Any, path: str) -> Any:
    """The value at a path."""
    for part in parts(path):
        document = document[part]
    return document
