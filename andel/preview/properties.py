# SPDX-License-Identifier: MPL-2.0
"""What differs between two values, property by property."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
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
    if before == after and _as_text(before) == _as_text(after):  # to Python, 1 is True
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), _below(path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    else:
        yield Property(path, None if before is ABSENT else before, None if after is ABSENT else after)


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Property]:
    """Items by their names where they have one; else what was put in and taken out, so that the rest stays in place."""
    old, new = _by_name(before), _by_name(after)
    if old is not None and new is not None:
        for name in dict.fromkeys((*old, *new)):
            step = f'["{name}"]' if re.search(r"[.\[\]]", name) else f"[{name}]"
            yield from differences(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}{step}")
        if [name for name in old if name in new] != [name for name in new if name in old]:
            yield Property(f"{path} (order)", ", ".join(old), ", ".join(new))
        return
    matched = SequenceMatcher(None, list(map(_as_text, before)), list(map(_as_text, after)), autojunk=False)
    for _, since, until, then, end in matched.get_opcodes():
        for place in range(max(until - since, end - then)):
            was = before[since + place] if since + place < until else ABSENT
            now = after[then + place] if then + place < end else ABSENT
            yield from differences(was, now, f"{path}[{then + place if now is not ABSENT else since + place}]")


def _as_text(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


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
    return any(all(_matched(path, pattern)) for pattern in patterns)


def below(path: str, patterns: Iterable[str]) -> bool:
    """Whether a property is one of those named, or is below one: what holds one holds more than it."""
    steps = len(_steps(path))
    return any(steps >= len(_steps(pattern)) and all(_matched(path, pattern)) for pattern in patterns)


def _matched(path: str, pattern: str) -> Iterator[bool]:
    """Step by step, as far as both go."""
    steps = _steps(path.removesuffix(" (order)"))
    return (step == want or want == "*" for step, want in zip(steps, _steps(pattern), strict=False))


def _steps(path: str) -> list[str]:
    return [step.strip('"') for step in re.findall(r'"[^"]*"|[^.\[\]"]+', path)]
