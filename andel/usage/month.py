# SPDX-License-Identifier: MPL-2.0
"""A calendar month, and the days that it is read in: a whole month would be too much of a question."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from andel.economy.usage import MONTH, UsageError


@dataclass(frozen=True)
class Span:
    """From one moment to another."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> int:
        """How long it lasts; a day of a changing clock has 23 or 25 hours."""
        return round((self.end - self.start).total_seconds())


def span(month: str, zone: ZoneInfo, now: datetime) -> tuple[Span, bool]:
    """A month up to now, and whether it has ended.

    Args:
        month: as `2026-11`.
        zone: where it begins and ends.
        now: a moment with its zone.

    Raises:
        UsageError: it is no month, or has not begun.
    """
    if not re.fullmatch(MONTH, month):
        raise UsageError(f"{month} is no month; write it as 2026-11")
    year, number = map(int, month.split("-"))
    start = _midnight(date(year, number, 1), zone)
    end = _midnight(date(year + number // 12, number % 12 + 1, 1), zone)
    if start >= now:
        raise UsageError(f"{month} has not begun yet; the month that runs is {now.astimezone(zone):%Y-%m}")
    return Span(start, min(end, now.astimezone(UTC))), end <= now


def days(whole: Span, zone: ZoneInfo) -> Iterator[Span]:
    """Its days, the last one as far as it goes."""
    start = whole.start
    while start < whole.end:
        following = start.astimezone(zone).date() + timedelta(days=1)
        end = min(_midnight(following, zone), whole.end)
        yield Span(start, end)
        start = end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
