# SPDX-License-Identifier: MPL-2.0
"""What differs between two values, property by property."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = object()
"""No value at all."""


@dataclass(frozen=True)
class Property:
    """A property that differs."""

    path: str
    """As `spec.template.spec.containers[gateway].image`. Items of lists go by their name, where they have one."""

    before: Any
    """None where it was not there."""

    after: Any
    """None where it is no more."""

    replaces: bool = False
    """Whether it can't be changed in place."""


def differences(before: Any, after: Any, path: str = "") -> Iterator[Property]:
    """Properties that differ between two values, each as deep down as both sides are alike."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), _below(path, key))
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _by_name(before), _by_name(after)
        if old is None or new is None:
            old, new = ({str(place): one for place, one in enumerate(side)} for side in (before, after))
        for name in dict.fromkeys((*old, *new)):
            yield from differences(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}[{name}]")
        if old.keys() == new.keys() and all(old[name] == new[name] for name in old):
            yield Property(path, "in one order", "in another order")
    else:
        yield Property(path, None if before is ABSENT else before, None if after is ABSENT else after)


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """Items by their names, if each has one of its own."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        return None
    return dict(zip(map(str, names), items, strict=True))


def _below(path: str, key: str) -> str:
    step = f'["{key}"]' if re.search(r"[.\[\]]", key) else key
    return f"{path}.{step}" if path and not step.startswith("[") else f"{path}{step}"


def under(path: str, patterns: Iterable[str]) -> bool:
    """Whether a property is one of those named, is below one, or holds one; `[*]` is every item of a list."""
    steps = _steps(path)
    for pattern in patterns:
        wanted = _steps(pattern)
        if all(step == want or want == "*" for step, want in zip(steps, wanted, strict=False)):
            return True
    return False


def _steps(path: str) -> list[str]:
    return [step.strip('"') for step in re.findall(r'"[^"]*"|[^.\[\]"]+', path)]
