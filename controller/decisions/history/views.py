"""Which time a details page shows, how finely, and from which stored figures it is read. Pure.

Buckets are aligned to UTC; a view always covers whole buckets, including the one that has not ended yet.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from controller.errors import InvalidError

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
LONGEST = timedelta(days=731)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTHS = ((timedelta(hours=26), 300), (timedelta(days=8), HOUR_SECONDS), (timedelta(days=32), 6 * HOUR_SECONDS))


class Range(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


LENGTHS = {
    Range.DAY: timedelta(days=1),
    Range.WEEK: timedelta(days=7),
    Range.MONTH: timedelta(days=30),
    Range.YEAR: timedelta(days=365),
}


class View(NamedTuple):
    """From one moment to another, in buckets of so many seconds; 0 means every check by itself."""

    since: datetime
    until: datetime
    bucket_seconds: int


class Sources(NamedTuple):
    """Days are read from `days_from` on, hours from `hours_from` on, results from `checks_from` to `until`."""

    days_from: datetime
    hours_from: datetime
    checks_from: datetime
    until: datetime


def chart_view(
    range_: Range, *, reference: datetime, start: datetime | None, end: datetime | None, raw: bool, now: datetime
) -> View:
    """The time from `start`, or one range before the end, to `end` or the reference; not beyond now.

    Raises InvalidError when that time is empty or longer than LONGEST.
    """
    until = min(end or reference, now)
    since = start if start is not None else _before(until, LENGTHS[range_])
    if since >= until:
        raise InvalidError("startDate", "must be before endDate and before now")
    if until - since > LONGEST:
        raise InvalidError("startDate", f"must be at most {LONGEST.days} days before endDate")
    if raw:
        return View(since, until, 0)
    return _aligned(since, until, _width(until - since), now)


def course_view(since: datetime | None, until: datetime | None, *, now: datetime) -> View:
    """The time from `since`, a day before its end when None, to `until` or now, in buckets as `chart_view` has them.

    Raises InvalidError when that time is empty or longer than LONGEST.
    """
    begins, ends = _free_time(since, until, now)
    return _aligned(begins, ends, _width(ends - begins), now)


def stored_view(view: View, single_since: datetime, now: datetime) -> View:
    """The view as it can be read when single results are certainly stored only since then: what is older is read from
    roll-ups, in hours at least. A view of single checks stays as it is.
    """
    if view.since >= single_since or not 0 < view.bucket_seconds < HOUR_SECONDS:
        return view
    return _aligned(view.since, view.until, HOUR_SECONDS, now)


def free_view(since: datetime | None, until: datetime | None, *, single_since: datetime, now: datetime) -> View:
    """The time from `since`, a day before its end when None, to `until` or now. It is exact when it is short and its
    single results are certainly stored, which they are since `single_since`; else it is in whole hours.

    Raises InvalidError when that time is empty or longer than LONGEST.
    """
    begins, ends = _free_time(since, until, now)
    if begins >= single_since and ends - begins <= _WIDTHS[0][0]:
        return View(begins, ends, 0)
    return _aligned(begins, ends, HOUR_SECONDS, now)


def _free_time(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Raises InvalidError."""
    ends = min(until or now, now)
    begins = since if since is not None else _before(ends, LENGTHS[Range.DAY])
    if begins >= ends:
        raise InvalidError("from", "must be before to, and before now")
    if ends - begins > LONGEST:
        raise InvalidError("from", f"must be at most {LONGEST.days} days before to")
    return begins, ends


def _width(length: timedelta) -> int:
    """How many seconds a bucket of so long a time has."""
    return next((width for longest, width in _WIDTHS if length <= longest), DAY_SECONDS)


def stats_view(range_: Range, *, reference: datetime, now: datetime) -> View:
    """The last day, month or year before a moment, in whole hours or days, so that roll-ups contain all of it."""
    width = HOUR_SECONDS if range_ is Range.DAY else DAY_SECONDS
    until = min(ceil(min(reference, now), HOUR_SECONDS), now)
    return View(ceil(_before(until, LENGTHS[range_]), width), until, width)


def sources(view: View, rolled_until: datetime) -> Sources:
    """`rolled_until`: all hours before it are rolled up, and all days that end by then."""
    rolled = min(max(rolled_until, view.since), view.until)
    if view.bucket_seconds < HOUR_SECONDS:
        return Sources(view.since, view.since, view.since, view.until)
    # A view may end within an hour only when that hour is not rolled up yet.
    whole_days = floor(rolled, DAY_SECONDS) if view.bucket_seconds == DAY_SECONDS else view.since
    return Sources(view.since, max(view.since, whole_days), rolled, view.until)


def _aligned(since: datetime, until: datetime, width: int, now: datetime) -> View:
    return View(floor(since, width), min(ceil(until, width), now), width)


def floor(at: datetime, seconds: int) -> datetime:
    return _EPOCH + (at - _EPOCH) // timedelta(seconds=seconds) * timedelta(seconds=seconds)


def ceil(at: datetime, seconds: int) -> datetime:
    return _EPOCH - (_EPOCH - at) // timedelta(seconds=seconds) * timedelta(seconds=seconds)


def _before(at: datetime, length: timedelta) -> datetime:
    """The moment so long before `at`, but not before 1970: nothing was checked then, and a datetime cannot go below
    year 1.
    """
    return at - length if at - _EPOCH > length else min(at, _EPOCH)
