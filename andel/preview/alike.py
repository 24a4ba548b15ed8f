# SPDX-License-Identifier: MPL-2.0
"""Which changes are alike, so that a change of a component is shown once and not for each of 98 municipalities.

What is shown of the first has to hold for all: the same resources, the same properties, the same values. Only what a
municipality goes by may be another in each.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .changes import Change
from .masking import shown


def shape(changes: Iterable[Change], own: Sequence[str] = ()) -> str:
    """A text that is the same for changes that are alike.

    Args:
        changes: of a stack.
        own: what the stack alone goes by: a municipality's slug and its names for people. A platform has nothing.
    """
    known = {text: f"\0{place}\0" for place, name in reversed(list(enumerate(own))) for text in _written(name)}
    texts = sorted(map(re.escape, known), key=len, reverse=True)
    # Whole words: a short name stands within others.
    found = re.compile(rf"(?<!\w)({'|'.join(texts)})(?!\w)") if texts else None

    def anonymous(value: Any) -> Any:
        match value:
            case dict():
                return {anonymous(key): anonymous(item) for key, item in value.items()}
            case list():
                return [anonymous(item) for item in value]
            case str():
                return shown(found.sub(lambda match: known[match[0]], value) if found else value)
            case _:
                return value

    return json.dumps([anonymous(_plain(one)) for one in changes], sort_keys=True)


def _written(name: str) -> set[str]:
    """A name as it stands in texts: as it is, and within JSON."""
    return {name, json.dumps(name)[1:-1]} if name else set()


def _plain(change: Change) -> dict[str, Any]:
    """A change as plain data, without its place in the program."""
    told = vars(replace(change, urn=""))
    return {**told, "properties": [[one.path, one.before, one.after, one.replaces] for one in change.properties]}
