"""The time that a report is about, as its query says it in the account's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.api.compat.alertsite.reports.periods import HOURS, NAMES, days_of
from controller.decisions.maintenance.rules import EARLIEST, LATEST
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.operations.period_reports import ReportTime

LONGEST = timedelta(days=31)
LONGEST_SLA = timedelta(days=366)
_DAY = timedelta(days=1)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_RULE = "must be a time as YYYY-MM-DD"


def report_time(
    rdate: str | None, from_: str | None, to: str | None, zone: str, now: datetime, longest: timedelta
) -> ReportTime:
    """A day or a relative time (`rdate`), or from one moment to another; without either, the last 24 hours. Raises
    InvalidError.
    """
    clock = ZoneInfo(zone)
    if rdate is not None and (from_ is not None or to is not None):
        raise InvalidError("rdate", "must not be sent together with from and to")
    if rdate is not None:
        since, until = _relative(rdate, clock, now) if rdate in NAMES else _day(rdate, clock)
    elif from_ is None and to is None:
        since, until = now - _DAY, now
    else:
        if from_ is None or to is None:
            raise InvalidError("to" if to is None else "from", "is required where the other one is sent")
        rule = f"{_RULE} or YYYY-MM-DD HH:MM:SS"
        end = _parsed(to, "to", _FORMS, rule)
        since = start_instant(_parsed(from_, "from", _FORMS, rule), clock)
        until = end_instant(end + (_DAY if len(to) == len("2027-01-01") else timedelta()), clock)
    if until <= since:
        raise InvalidError("from", "must be before to")
    if until - since > longest + _DAY / 24:  # a month in which the clock is turned back is one hour longer
        raise InvalidError("from", f"must be at most {longest.days} days before to")
    if since >= now:
        raise InvalidError("rdate" if rdate is not None else "from", "must be in the past")
    return ReportTime(since, min(until, now))


def _day(text: str, clock: ZoneInfo) -> tuple[datetime, datetime]:
    day = _parsed(text, "rdate", _FORMS[1:], f"{_RULE}, or the name of a time as LastWeek")
    return start_instant(day, clock), end_instant(day + _DAY, clock)


def _relative(name: str, clock: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    if name in HOURS:
        return now - timedelta(hours=HOURS[name]), now
    times = days_of(name, now.astimezone(clock).replace(tzinfo=None))
    return start_instant(times.since, clock), now if times.until is None else end_instant(times.until, clock)


def _parsed(text: str, field: str, forms: tuple[str, ...], rule: str) -> datetime:
    for form in forms:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - a time of the wall clock
        except ValueError:
            continue
        if not EARLIEST <= found < LATEST:
            raise InvalidError(field, f"must be between {EARLIEST.year} and {LATEST.year}")
        return found
    raise InvalidError(field, rule)
