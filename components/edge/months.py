# SPDX-License-Identifier: MPL-2.0
"""The calendar month of a request, as CEL that Authorino evaluates (cel-go 0.21, in Authorino 0.27).

CEL knows time zones by name only where the image holds their files, and Authorino's (ubi9-minimal) holds none. Offsets
it always knows, and all that matters is the offset at the moment when a month begins: summer time changes on Sundays in
the middle of one. So the expression has twelve of them, one for each month of UTC.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

NOW = "timestamp(int(request.time.seconds))"
"""Time of a request's first byte. Authorino hands it on as seconds and nanoseconds."""

YEAR = 2026
"""Year whose offsets are taken."""


def offset_at(zone: ZoneInfo, month: int) -> timedelta:
    """Offset from UTC when a month (1 to 12) begins."""
    return datetime(YEAR, month, 1, tzinfo=zone).utcoffset() or timedelta(0)


def offsets(time_zone: str) -> list[str]:
    """For each month of UTC, January first, the offset that decides whether it is still that month in the zone.

    East of Greenwich the next month begins early, so its offset decides; west of it this month begins late. Where
    winter is on Greenwich's own time (London), a winter month begins with UTC's.
    """
    zone = ZoneInfo(time_zone)
    decisive = []
    for month in range(1, 13):
        coming = offset_at(zone, month % 12 + 1)
        decisive.append(coming if coming > timedelta(0) else min(offset_at(zone, month), timedelta(0)))
    return [_written(offset) for offset in decisive]


def _written(offset: timedelta) -> str:
    sign, minutes = ("-" if offset < timedelta(0) else "+"), abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"


def period(time_zone: str) -> str:
    """CEL: the month as `2026-11`."""
    listed = ", ".join(f"'{offset}'" for offset in offsets(time_zone))
    offset = f"[{listed}][{NOW}.getMonth()]"
    month = f"{NOW}.getMonth({offset})"
    return f"string({NOW}.getFullYear({offset})) + ({month} < 9 ? '-0' : '-') + string({month} + 1)"
