"""The time that a report is about, as its query says it in the account's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.operations.period_reports import ReportTime

LONGEST = timedelta(days=31)
LONGEST_SLA = timedelta(days=366)
_DAY = timedelta(days=1)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


def report_time(
    rdate: str | None, from_: str | None, to: str | None, zone: str, now: datetime, longest: timedelta
) -> ReportTime:
    """One day (`rdate`), or from one moment to another; without either, the last 24 hours. Raises InvalidError."""
    clock = ZoneInfo(zone)
    if rdate is not None and (from_ is not None or to is not None):
        raise InvalidError("rdate", "must not be sent together with from and to")
    if rdate is not None:
        day = _parsed(rdate, "rdate", _FORMS[1:])
        since, until = start_instant(day, clock), end_instant(day + _DAY, clock)
    elif from_ is None and to is None:
        since, until = now - _DAY, now
    else:
        if from_ is None or to is None:
            raise InvalidError("to" if to is None else "from", "is required where the other one is sent")
        end = _parsed(to, "to", _FORMS)
        since = start_instant(_parsed(from_, "from", _FORMS), clock)
        until = end_instant(end + (_DAY if len(to) == len("2027-01-01") else timedelta()), clock)
    if until <= since:
        raise InvalidError("from", "must be before to")
    if until - since > longest + _DAY / 24:  # a month in which the clock is turned back is one hour longer
        raise InvalidError("from", f"must be at most {longest.days} days before to")
    if since >= now:
        raise InvalidError("rdate" if rdate is not None else "from", "must be in the past")
    return ReportTime(since, min(until, now))


def _parsed(text: str, field: str, forms: tuple[str, ...]) -> datetime:
    for form in forms:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - a time of the wall clock
        except ValueError:
            continue
    words = "YYYY-MM-DD" if len(forms) == 1 else "YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"
    raise InvalidError(field, f"must be a time as {words}")
