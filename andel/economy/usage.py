# SPDX-License-Identifier: MPL-2.0
"""What municipalities used in a month, as a file: told beside statements, and in no amount of theirs.

A figure that nobody measured is unknown (None), which is not nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

Whole = Annotated[int, Field(ge=0, strict=True)]
Part = Annotated[float, Field(ge=0, le=1)]
MONTH = r"^2\d{3}-(0[1-9]|1[0-2])$"
"""A calendar month, as `2026-11`."""

WHOLE = 0.99
"""Part of a month that is taken for all of it: a restart or two."""


class UsageError(Exception):
    """A file that is none, or doesn't fit the others; in words for who wrote it."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Used(_Part):
    """Requests, tokens and energy of somebody."""

    requests: Whole | None = None
    """Requests that were answered."""

    input_tokens: Whole | None = None
    """Tokens of prompts."""

    output_tokens: Whole | None = None
    """Tokens of answers."""

    kilowatt_hours: Annotated[Decimal, Field(ge=0)] | None = None
    """Energy of the GPUs."""

    @property
    def figures(self) -> tuple[int | None, int | None, int | None, Decimal | None]:
        """Requests, tokens of prompts and of answers, kilowatt-hours: in the order in which tables have them."""
        return self.requests, self.input_tokens, self.output_tokens, self.kilowatt_hours

    def __add__(self, other: "Used") -> "Used":
        """Both together: where one is unknown, so is the sum."""
        return Used(**{name: _sum(getattr(self, name), getattr(other, name)) for name in Used.model_fields})


def _sum(one: Decimal | int | None, other: Decimal | int | None) -> Decimal | int | None:
    return None if one is None or other is None else one + other


class Of(_Part):
    """A municipality."""

    total: Used
    """Everything."""

    models: dict[str, Used] = {}
    """By public name of the model. Energy of a municipality is known for all models together alone."""


class Month(_Part):
    """A month of an environment."""

    version: Literal[1] = 1
    """Of this form."""

    environment: str
    """Host of the API: whose figures these are."""

    month: Annotated[str, Field(pattern=MONTH)]
    """The calendar month."""

    time_zone: str
    """Time zone in which it begins and ends."""

    until: str
    """Moment up to which it was read (RFC 3339): its end, unless it had not ended."""

    complete: bool
    """Whether it had ended."""

    watched: Part
    """Part of the time in which Prometheus saw the platform. What it did not see is in no figure."""

    counted: Part | None = None
    """Part of the time in which it saw who counts the municipalities' requests and tokens; None where nobody does, and
    in files that were written before this stood in them."""

    metered: Part | None = None
    """Part of the time in which somebody told the power of models; None as above."""

    municipalities: dict[str, Of]
    """By slug; who used nothing stands here too."""

    models: dict[str, Used]
    """What the models served altogether, by public name."""

    notes: tuple[str, ...] = ()
    """What is unknown, and why."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Some months of one environment."""

    months: tuple[Month, ...]
    """By the calendar; months between them may be missing."""

    municipalities: Mapping[str, Used]
    """Together, by slug."""

    def of(self, slug: str) -> Used:
        """What a municipality used; unknown for one that no month knows."""
        return self.municipalities.get(slug, Used())

    @property
    def complete(self) -> bool:
        """Whether every month had ended when it was read."""
        return all(month.complete for month in self.months)

    @property
    def spans(self) -> list[tuple[str, str]]:
        """First and last month of each row of months without a gap."""
        found: list[tuple[str, str]] = []
        for one in (month.month for month in self.months):
            if found and following(found[-1][1]) == one:
                found[-1] = found[-1][0], one
            else:
                found.append((one, one))
        return found

    @property
    def name(self) -> str:
        """`2026-11`, or `2026-01 – 2026-11`; with a gap `2026-01, 2026-03 – 2026-11`."""
        return ", ".join(first if first == last else f"{first} – {last}" for first, last in self.spans)

    @property
    def counted(self) -> float | None:
        """The least part of a month in which requests and tokens were counted; None where one doesn't say."""
        return _least(month.counted for month in self.months)

    @property
    def metered(self) -> float | None:
        """The least part of a month in which power was told; None where one doesn't say."""
        return _least(month.metered for month in self.months)


def following(month: str) -> str:
    """The month after one."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"


def _least(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    return None if None in known else min(one for one in known if one is not None)


def read(files: Iterable[Path]) -> Usage:
    """Months from files of `andel usage`, together.

    Raises:
        UsageError: a file is none of ours, two are of one month, or of two environments.
    """
    return together([month_of(file) for file in files])


def month_of(file: Path) -> Month:
    """One month from its file.

    Raises:
        UsageError: it can't be read, or isn't one.
    """
    try:
        return Month.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{file} is no file of `andel usage --out`: {place}: {first['msg']}") from None


def together(months: Iterable[Month]) -> Usage:
    """Months of one environment.

    Raises:
        UsageError: there is none, one twice, or one of another environment.
    """
    ordered = sorted(months, key=lambda month: month.month)
    if not ordered:
        raise UsageError("no month is given")
    for one, other in pairwise(ordered):
        if one.month == other.month:
            raise UsageError(f"{one.month} is given twice")
        if one.environment != other.environment:
            raise UsageError(f"{one.month} is of {one.environment} and {other.month} of {other.environment}")
    slugs = sorted({slug for month in ordered for slug in month.municipalities})
    # Who was no member in one of the months used nothing in it.
    nothing = Used(requests=0, input_tokens=0, output_tokens=0, kilowatt_hours=Decimal(0))
    used = {
        slug: reduce(
            Used.__add__,
            (month.municipalities[slug].total if slug in month.municipalities else nothing for month in ordered),
        )
        for slug in slugs
    }
    return Usage(months=tuple(ordered), municipalities=used)


def written(month: Month) -> str:
    """The file's text: sorted, so that the same figures are the same bytes."""
    return json.dumps(month.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
