"""Times as Uptimeify's clients send them, as times of a wall clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controller.api.compat.uptimeify.dates import given_date
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.http.timestamps import timestamp

NOT_AFTER = "End time must be after start time"


class WallTimes(NamedTuple):
    """Start and end (naive) on the clock of a time zone; without an end while `end` is None."""

    time_zone: str
    start: datetime
    end: datetime | None


def given_moment(text: str, field: str, shown: datetime | None = None) -> datetime:
    """In whole seconds, but for `shown`, which a client sends back as it read it. Raises InvalidError."""
    moment = given_date(text, field=field)
    if moment is None:
        raise InvalidError(field, "must be a date with a time, as 2026-01-31T22:00:00Z")
    if shown is not None and timestamp(moment) == timestamp(shown):
        return shown
    return moment.replace(microsecond=0)


def wall_times(start: datetime, end: datetime | None, time_zone: str, *, recurs: bool) -> WallTimes:
    """A window that takes place once keeps its times exactly: in an hour that the zone's clock shows twice they are
    those of UTC. Raises InvalidError.
    """
    if end is not None and end <= start:
        raise InvalidError("endTime", "must be after startTime", message=NOT_AFTER)
    zone = ZoneInfo(time_zone)
    times = WallTimes(time_zone, _wall(start, zone, "startTime"), end and _wall(end, zone, "endTime"))
    lasting = start_instant(times.start, zone), times.end and end_instant(times.end, zone)
    backwards = times.end is not None and times.end <= times.start
    if not recurs and (backwards or lasting != (_whole(start), end and _whole(end))):
        return WallTimes("UTC", _whole(start).replace(tzinfo=None), end and _whole(end).replace(tzinfo=None))
    return times


def _wall(moment: datetime, zone: ZoneInfo, field: str) -> datetime:
    try:
        return _whole(moment).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise InvalidError(field, "must be between 2000 and 2100") from None


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
