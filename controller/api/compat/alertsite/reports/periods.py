"""The relative times of AlertSite's reports (`rdate=LastWeek`), on a wall clock. Weeks begin on Sunday. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

HOURS = {
    "LastOneHour": 1,
    "LastTwoHours": 2,
    "LastFourHours": 4,
    "LastEightHours": 8,
    "LastTwelveHours": 12,
    "LastTwentyFourHours": 24,
    "LastFortyEightHours": 48,
}
_WHOLE_DAYS = {"Yesterday": 1, "LastTwoDays": 2, "LastThreeDays": 3, "LastSevenDays": 7, "LastEightDays": 8}
_DAY = timedelta(days=1)
_BUSINESS_DAYS = 5
NAMES = (*HOURS, "Today", *_WHOLE_DAYS, "ThisWeek", "LastWeek", "LastBizWeek", "ThisMonth", "LastMonth")


class WallClockSpan(NamedTuple):
    """From one time of the wall clock to another; `until` None is now."""

    since: datetime
    until: datetime | None


def days_of(name: str, now: datetime) -> WallClockSpan:
    """What a name of NAMES that is not one of HOURS stands for; `now` is the wall clock's. Days that are the last ones
    are whole days before today; a business week is Monday to Friday.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if name in _WHOLE_DAYS:
        return WallClockSpan(today - _WHOLE_DAYS[name] * _DAY, today)
    sunday = today - (today.isoweekday() % 7) * _DAY
    month = today.replace(day=1)
    match name:
        case "Today":
            return WallClockSpan(today, None)
        case "ThisWeek":
            return WallClockSpan(sunday, None)
        case "LastWeek":
            return WallClockSpan(sunday - 7 * _DAY, sunday)
        case "LastBizWeek":
            monday = sunday - 6 * _DAY
            return WallClockSpan(monday, monday + _BUSINESS_DAYS * _DAY)
        case "ThisMonth":
            return WallClockSpan(month, None)
        case _:
            return WallClockSpan((month - _DAY).replace(day=1), month)
