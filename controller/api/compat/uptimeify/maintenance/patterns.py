"""The vendor's `recurrencePattern`, and the rule of a window that it stands for."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.api.compat.uptimeify.dates import given_date
from controller.api.compat.uptimeify.maintenance.schemas import RecurrencePattern, ShownPattern
from controller.decisions.maintenance.recurrence import starts
from controller.decisions.maintenance.wall_clock import start_instant
from controller.errors import InvalidError
from controller.http.timestamps import timestamp
from controller.model.maintenance import Day, Frequency, MaintenanceWindow, Recurrence, Weekday

_WEEK = (
    Weekday.SUNDAY,
    *(Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY, Weekday.SATURDAY),
)
"""In the vendor's order, by number."""
_NUMBERS = {day: number for number, day in enumerate(_WEEK)}
_WORDS = {word: day for day in Weekday for word in (day.value, day.name[:3], day.name)}  # MO, MON and MONDAY
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FIELD = "recurrencePattern"


def recurrence_of(pattern: RecurrencePattern, zone: str) -> Recurrence:
    """Raises InvalidError."""
    frequency = _frequency(pattern.frequency)
    days, day = _days(pattern.days_of_week or []), pattern.day_of_month
    if days and frequency not in (Frequency.DAILY, Frequency.WEEKLY):
        raise InvalidError(f"{_FIELD}.daysOfWeek", "must be empty unless the frequency is daily or weekly")
    if day is not None and frequency is not Frequency.MONTHLY:
        raise InvalidError(f"{_FIELD}.dayOfMonth", "must be null unless the frequency is monthly")
    if day is not None and not 1 <= day <= 31:
        raise InvalidError(f"{_FIELD}.dayOfMonth", "must be from 1 to 31")
    return Recurrence(
        frequency=frequency,
        interval=1 if pattern.interval is None else pattern.interval,
        by_day=days,
        by_month_day=() if day is None else (day,),
        until=_until(pattern.end_recurrence_date, zone),
    )


def shown_pattern(window: MaintenanceWindow) -> ShownPattern | None:
    """The pattern that says the same as the window's rule, or nearly so."""
    rule = window.recurrence
    if rule is None:
        return None
    last = rule.until
    if rule.count is not None:
        last = max(starts(rule, window.start, window.start), default=None)
    weekdays = dict.fromkeys(day.weekday for day in rule.by_day)
    days = rule.by_month_day
    return ShownPattern(
        frequency=rule.frequency.value,
        interval=rule.interval,
        days_of_week=sorted(_NUMBERS[day] for day in weekdays) or None,
        day_of_month=None if not days else 31 if days[0] == -1 else days[0],
        end_recurrence_date=None if last is None else timestamp(start_instant(last, ZoneInfo(window.time_zone))),
    )


def is_shown(pattern: RecurrencePattern, shown: ShownPattern | None) -> bool:
    """Whether a client sends a pattern back as it read it."""
    return shown is not None and pattern == RecurrencePattern(
        frequency=shown.frequency,
        interval=shown.interval,
        days_of_week=list(shown.days_of_week) if shown.days_of_week else None,
        day_of_month=shown.day_of_month,
        end_recurrence_date=shown.end_recurrence_date,
    )


def _frequency(word: str) -> Frequency:
    try:
        return Frequency(word.lower())
    except ValueError:
        raise InvalidError(f"{_FIELD}.frequency", f"must be one of {', '.join(Frequency)}") from None


def _days(given: list[int | str]) -> tuple[Day, ...]:
    found = []
    for one in given:
        day = _WORDS.get(one.upper()) if isinstance(one, str) else _WEEK[one] if 0 <= one < len(_WEEK) else None
        if day is None:
            raise InvalidError(f"{_FIELD}.daysOfWeek", "must be numbers from 0 (Sunday) to 6, or names of days")
        found.append(day)
    return tuple(Day(day) for day in Weekday if day in found)


def _until(text: str | None, zone: str) -> datetime | None:
    """The last start on the zone's clock: a day without a time counts whole."""
    field = f"{_FIELD}.endRecurrenceDate"
    moment = given_date(text, field=field)
    if moment is None:
        return None
    if text is not None and _DAY.fullmatch(text):
        return moment.replace(tzinfo=None) + timedelta(days=1, seconds=-1)
    try:
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    except OverflowError:
        raise InvalidError(field, "must be between 2000 and 2100") from None
