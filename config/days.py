# SPDX-License-Identifier: MPL-2.0
"""Days of a calendar, as they stand in a config."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

WORDS = "write a day in quotes, as 2026-07-01"


def _day(value: str) -> str:
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not a day; {WORDS}") from None
    if parsed.isoformat() != value:
        raise ValueError(f"not a day in full; {WORDS}")
    return value


Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date", "maxLength": 10})]
"""A day, in quotes: `"2026-07-01"`. A bare one is a time for YAML, and comes back from the engine with hours."""


def day(value: str) -> date:
    """The day that a setting names."""
    return date.fromisoformat(value)
