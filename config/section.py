# SPDX-License-Identifier: MPL-2.0
"""The base of every section of the config, and how a section says that it is wrong."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

T = TypeVar("T", bound=Hashable)

Path = tuple[str | int, ...]
"""The place of a value, from the root of what is judged: `("models", "mistral", "pool")`."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a config: where, what, and how to mend it. Never holds the value of a secret."""

    path: Path
    wrong: str
    mend: str
    line: int | None = None
    """Line of the file, where no path says it."""

    def below(self, path: Path) -> "Mistake":
        """The same mistake, seen from further up."""
        return replace(self, path=(*path, *self.path))


class Refusal(ValueError):
    """Mistakes found by a rule of a section, or by rules between sections. Raised from validators."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{dotted(m.path)}: {m.wrong}; {m.mend}" for m in self.mistakes))


def refuse_if_any(mistakes: Iterable[Mistake]) -> None:
    """End a validator: raise the mistakes, if there are any.

    Raises:
        Refusal: there is at least one.
    """
    found = tuple(mistakes)
    if found:
        raise Refusal(found)


def again(values: Iterable[T]) -> Iterator[tuple[int, T]]:
    """Every value that stood before, with its place."""
    seen: set[T] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


LONGEST = 80
"""Characters shown of one key."""


def dotted(path: Path) -> str:
    """A path as people write it: `models.mistral.pool`, `pools.a100.taints[0].key`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown(part)}" if text else shown(part)
    return text


def shown(key: str) -> str:
    """A key that a terminal can show: on one line, not endless, and without sequences that steer the terminal."""
    short = key if len(key) <= LONGEST else f"{key[:LONGEST]}…"
    return short if short.isprintable() else ascii(short)


class Section(BaseModel):
    """A part of the config: frozen, camelCase in YAML, unknown keys refused, docstrings kept for the JSON schema."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )
