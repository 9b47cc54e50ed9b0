"""Decides whether a notification waits for the end of its channel's quiet hours. Pure.

A window's start and end are computed on the wall clock and each turned into an instant, as of maintenance: one over
midnight ends on the next day, and on the nights of summer time it is an hour shorter or longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.occurrences import Occurrence, merged
from controller.decisions.maintenance.time_zones import check_time_zone
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.errors import InvalidError
from controller.model.maintenance import Weekday
from controller.model.notification.quiet_hours import QuietHours, QuietWindow

_DAYS = list(Weekday)
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
DAY_NAMES = dict(zip(_DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
_OUTAGES = {"down": "full outages", "partial": "partial outages"}


class NotifiedOutage(NamedTuple):
    """An outage of which a notification tells: how severe it is, or was when it ended, and of which monitor."""

    severity: str
    monitor: UUID


def waits(hours: QuietHours, outages: Iterable[NotifiedOutage]) -> bool:
    """Whether a notification about these outages is held in the quiet hours: when each of them may wait. A full outage
    of an exempt monitor is told at once, and its end too.
    """
    return all(
        one.severity in hours.severities and (one.severity != "down" or one.monitor not in hours.exempt)
        for one in outages
    )


def quiet_until(hours: QuietHours, time_zone: str, now: datetime) -> datetime | None:
    """When the quiet hours that hold now end; None when none do. Windows that touch are one. `time_zone` is the
    organization's.
    """
    zone = zone_of_hours(hours, time_zone)
    return next((span.to_at for span in _spans(hours, zone, now) if span.holds(now)), None)


def next_quiet_times(hours: QuietHours, time_zone: str, now: datetime, at_most: int) -> list[Occurrence]:
    """The quiet time that holds now, if any, and the following ones. `time_zone` is the organization's."""
    spans = _spans(hours, zone_of_hours(hours, time_zone), now, days=7 * (at_most + 1))
    return [one for one in spans if one.to_at is None or one.to_at > now][:at_most]


def zone_of_hours(hours: QuietHours, time_zone: str) -> ZoneInfo:
    return ZoneInfo(hours.time_zone or time_zone)


def check_quiet_hours(stored: dict[str, Any] | None, *, handed_over: bool) -> None:
    """`handed_over`: they are of a channel that hands incidents over, where a digest would open an alert that never
    ends. Raises InvalidError.
    """
    if stored is None:
        return
    if handed_over:
        raise InvalidError("quietHours", "may not be set for a service that incidents are handed over to")
    try:
        hours = msgspec.convert(stored, QuietHours)
    except msgspec.ValidationError as error:
        raise InvalidError("quietHours", f"is not as described: {error}") from error
    if hours.time_zone is not None:
        check_time_zone(hours.time_zone, field="quietHours.timeZone")
    if not _leaves_time(hours.windows):
        raise InvalidError("quietHours.windows", "must leave some time of the week in which notifications are sent")


def quiet_sentence(hours: QuietHours, time_zone: str) -> str:
    """For example "Partial outages wait from 22:00 to 07:00 (Mon-Fri), Europe/Berlin; full outages are sent at
    once".
    """
    spans = " and ".join(f"from {one.begin} to {one.end} ({days_words(one.days)})" for one in hours.windows)
    outages = " and ".join(_OUTAGES[one] for one in dict.fromkeys(hours.severities))
    at_once = [words for one, words in _OUTAGES.items() if one not in hours.severities]
    if hours.exempt and "down" in hours.severities:
        number = len(hours.exempt)
        at_once.append(f"full outages of {number} monitor{'s' * (number != 1)}")
    rest = f"; {' and '.join(at_once)} are sent at once" if at_once else ""
    return f"{outages.capitalize()} wait {spans}, {hours.time_zone or time_zone}{rest}"


def quiet_words(hours: QuietHours, time_zone: str) -> str:
    """For example "Mon-Fri 22:00-07:00 Europe/Berlin: partial outages wait until 07:00"."""
    windows = "; ".join(f"{days_words(one.days)} {one.begin}-{one.end}" for one in hours.windows)
    outages = " and ".join(_OUTAGES[one] for one in dict.fromkeys(hours.severities))
    ends = list(dict.fromkeys(one.end for one in hours.windows))
    until = ends[0] if len(ends) == 1 else "they end"
    number = len(hours.exempt)
    exempt = f"; full outages of {number} monitor{'s' * (number != 1)} do not wait" if number else ""
    return f"{windows} {hours.time_zone or time_zone}: {outages} wait until {until}{exempt}"


def held_words(until: datetime, zone: ZoneInfo) -> str:
    """For example "held until Tue 07:00 by quiet hours"."""
    local = until.astimezone(zone)
    return f"held until {DAY_NAMES[_DAYS[local.weekday()]]} {local:%H:%M} by quiet hours"


def _spans(hours: QuietHours, zone: ZoneInfo, now: datetime, days: int = 8) -> list[Occurrence]:
    """The quiet times since a week ago, and of so many days from now on, those that touch as one."""
    today = now.astimezone(zone).date()
    dates = [today + timedelta(days=number) for number in range(-8, days + 1)]
    found = (
        _span(window, date, zone) for window in hours.windows for date in dates if _DAYS[date.weekday()] in window.days
    )
    return merged(one for one in found if not one.is_empty)


def _span(window: QuietWindow, day: date, zone: ZoneInfo) -> Occurrence:
    begin = datetime.combine(day, _time(window.begin))
    end = datetime.combine(day if window.end > window.begin else day + _DAY, _time(window.end))
    return Occurrence(start_instant(begin, zone), end_instant(end, zone))


def _leaves_time(windows: Iterable[QuietWindow]) -> bool:
    monday = date(2001, 1, 1)
    utc = ZoneInfo("UTC")
    spans = merged(
        _span(window, monday + timedelta(days=_DAYS.index(day)) + offset, utc)
        for window in windows
        for day in window.days
        for offset in (-_WEEK, timedelta(), _WEEK)
    )
    begin = datetime(2001, 1, 1, tzinfo=UTC)
    return not any(one.from_at <= begin and (one.to_at or begin) >= begin + _WEEK for one in spans)


def _time(text: str) -> time:
    return time.fromisoformat(text)


def days_words(days: Iterable[Weekday]) -> str:
    """Runs of days as Mon-Fri, others as Mon, Wed."""
    numbers = sorted({_DAYS.index(day) for day in days})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    names = [DAY_NAMES[day] for day in _DAYS]
    return ", ".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}-{names[run[-1]]}" for run in runs)
