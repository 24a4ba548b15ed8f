# SPDX-License-Identifier: MPL-2.0
"""Keys of a municipality's applications: how many there are, which are valid, until when. Values stand nowhere here.

A key has a number, its generation. Raising it makes a new key; the one before goes on only where `retire` says until
when. Nothing runs between two runs of the engine, so an overlap ends by itself: the edge reads the time from the key.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema, model_validator

from .overflow import DataClass
from .scalars import ModelName
from .section import Mistake, Section, again, refuse_if_any


def _moment(value: str) -> str:
    words = "write date, time and zone, as 2026-12-24T12:00:00Z"
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not a moment; {words}") from None
    if parsed.tzinfo is None or "T" not in value:
        raise ValueError(f"a moment without a zone; {words}")
    return value


Moment = Annotated[
    str, AfterValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]
"""A moment with its zone (RFC 3339), in quotes: `"2026-12-24T12:00:00Z"`."""


AllowedModels = Annotated[tuple[ModelName, ...], Field(min_length=1, max_length=100)]
"""Models of a plan that may be used, and no others."""


class Retired(Section):
    """An earlier key that is still valid."""

    generation: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    """Its number."""

    until: Moment
    """When it ends."""


class ApplicationKey(Section):
    """The keys of an application."""

    generation: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 1
    """Number of the key that applications are to use. Raise it to make a new one; without `retire` the old one ends at
    once."""

    expires: Moment | None = None
    """When the newest key ends; left out, when it is taken away."""

    retire: Annotated[tuple[Retired, ...], Field(max_length=3)] = ()
    """Earlier keys that are still valid, each until a moment. Taking one away revokes it."""

    data_class: DataClass | None = None
    """Class of all data that come with its keys, whatever requests say. Back ends outside the platform take only the
    classes that they name."""

    models: AllowedModels | None = None
    """Models of the plan that its keys may use. Left out, all that the municipality's `models` leave."""

    overflow: StrictBool | None = None
    """Whether requests of its keys may leave the platform for a back end outside that the environment opens to the
    municipality and to their data. Left out, as the municipality's `overflow` says."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self

    @property
    def live(self) -> dict[int, str | None]:
        """Generations that are valid, and until when."""
        return {self.generation: self.expires, **{one.generation: one.until for one in self.retire}}


def keys_of_tomorrow(key: ApplicationKey) -> Iterator[Mistake]:
    """What is retired was made before."""
    for index, one in enumerate(key.retire):
        if one.generation >= key.generation:
            wrong = f"generation {one.generation} is not before {key.generation}, the one in use"
            yield Mistake(("retire", index, "generation"), wrong, "name an earlier one, or raise generation")


def keys_retired_twice(key: ApplicationKey) -> Iterator[Mistake]:
    """A key ends once."""
    for index, number in again(one.generation for one in key.retire):
        yield Mistake(("retire", index, "generation"), f"generation {number} stands here twice", "take one away")


def keys_that_outlive_their_heirs(key: ApplicationKey) -> Iterator[Mistake]:
    """An old key that lasts longer than the new one is a new one by mistake."""
    if key.expires is None:
        return
    for index, one in enumerate(key.retire):
        if datetime.fromisoformat(one.until) > datetime.fromisoformat(key.expires):
            wrong = f"generation {one.generation} would outlive generation {key.generation}"
            yield Mistake(("retire", index, "until"), wrong, "write an earlier moment, or a later expires")


RULES: tuple[Callable[[ApplicationKey], Iterator[Mistake]], ...] = (
    keys_of_tomorrow,
    keys_retired_twice,
    keys_that_outlive_their_heirs,
)
"""Rules within the keys of an application."""
