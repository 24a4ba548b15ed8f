# SPDX-License-Identifier: MPL-2.0
"""The calendar month of a request. That Authorino's own CEL understands it is shown where Authorino runs."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from components.edge.months import offsets


def month_by(listed: list[str], moment: datetime) -> str:
    """What the expression does, in Python: the offset of UTC's month decides."""
    written = listed[moment.month - 1]
    hours, minutes = written[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if written[0] == "-" else 1)
    return (moment + offset).strftime("%Y-%m")


@pytest.mark.parametrize(
    "zone", ["Europe/Copenhagen", "UTC", "America/Nuuk", "Atlantic/Reykjavik", "Europe/London", "America/New_York"]
)
@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_a_month_begins_at_midnight_of_its_zone(zone: str, year: int) -> None:
    listed = offsets(zone)
    for month in range(1, 13):
        begin = datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for seconds in (-86_400, -7201, -3601, -1, 0, 1, 3601, 7201, 86_400):
            moment = begin + timedelta(seconds=seconds)
            assert month_by(listed, moment) == moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m"), moment


def test_summer_time_is_in_it() -> None:
    assert offsets("Europe/Copenhagen") == ["+01:00", "+01:00", *["+02:00"] * 7, "+01:00", "+01:00", "+01:00"]
