"""How a window recurs: a part of RFC 5545's RRULE (3.3.10), on naive wall-clock times. Pure.

A rule is searched period by period (a day, week, month or year), because dateutil looks through eight thousand years
when a rule never fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, date, datetime, timedelta
from itertools import count, dropwhile, islice

from dateutil.rrule import MONTHLY, YEARLY, rrule, weekday

from controller.model.maintenance import Day, Frequency, Recurrence, Weekday

_REACH = {Frequency.DAILY: 1500, Frequency.WEEKLY: 100, Frequency.MONTHLY: 150, Frequency.YEARLY: 30}
"""How many periods without a start end a search. What lies beyond never fits, or once in decades."""

_WEEKDAYS = list(Weekday)
_DAY = timedelta(days=1)


def starts(rule: Recurrence, first: datetime, since: datetime) -> Iterator[datetime]:
    """The starts at or after `since`, in order, without an end if the rule has none. All times are naive. The rule
    begins at `first`, which is a start itself only if it fits.
    """
    if rule.count is None:
        return _search(rule, first, max(first, since))
    return dropwhile(lambda start: start < since, islice(_search(rule, first, first), rule.count))


def _search(rule: Recurrence, first: datetime, since: datetime) -> Iterator[datetime]:
    """From the period of `since` on, so that an old rule costs no more than a new one."""
    idle = 0
    for period in _periods(rule, first.date(), since.date()):
        idle += 1
        for day in _chosen(rule, _days(rule, first.date(), period)):
            start = datetime.combine(day, first.time())
            if rule.until is not None and start > rule.until:
                return
            if start >= since:
                idle = 0
                yield start
        if idle > _REACH[rule.frequency]:
            return


def _periods(rule: Recurrence, first: date, since: date) -> Iterator[date]:
    """The first days of the periods that the rule looks at, from the last one on that begins no later than `since`."""
    try:
        match rule.frequency:
            case Frequency.DAILY | Frequency.WEEKLY:
                length = 1 if rule.frequency is Frequency.DAILY else 7
                begin = first - (first.weekday() * _DAY if length == 7 else timedelta())
                for number in count((since - begin).days // length // rule.interval):
                    yield begin + number * rule.interval * length * _DAY
            case Frequency.MONTHLY:
                begun = 12 * first.year + first.month - 1
                for number in count((12 * since.year + since.month - 1 - begun) // rule.interval):
                    year, month = divmod(begun + number * rule.interval, 12)
                    yield date(year, month + 1, 1)
            case Frequency.YEARLY:
                for number in count((since.year - first.year) // rule.interval):
                    yield date(first.year + number * rule.interval, 1, 1)
    except (OverflowError, ValueError):  # beyond the calendar
        return


def _days(rule: Recurrence, first: date, period: date) -> list[date]:
    """The days of a period that fit, in order. What a rule leaves out is taken from its first day."""
    weekdays = {_WEEKDAYS.index(day.weekday) for day in rule.by_day}
    match rule.frequency:
        case Frequency.DAILY:
            fits = not weekdays or period.weekday() in weekdays
            return [period] if fits and _is_month_day(period, rule.by_month_day) else []
        case Frequency.WEEKLY:
            weekdays = weekdays or {first.weekday()}
            return [period + number * _DAY for number in range(7) if number in weekdays]
        case Frequency.MONTHLY | Frequency.YEARLY:
            return _days_by_rrule(rule, first, period)


def _days_by_rrule(rule: Recurrence, first: date, period: date) -> list[date]:
    """Days with a number and days without one are searched apart: dateutil takes only what is both."""
    numbered = [day for day in rule.by_day if day.nth is not None]
    plain = [day for day in rule.by_day if day.nth is None]
    parts = [part for part in (numbered, plain) if part] or [[]]
    return sorted({day for part in parts for day in _of_period(rule, part, first, period)})


def _of_period(rule: Recurrence, by_day: list[Day], first: date, period: date) -> Iterator[date]:
    is_yearly, is_open = rule.frequency is Frequency.YEARLY, not by_day and not rule.by_month_day
    found = rrule(
        YEARLY if is_yearly else MONTHLY,
        dtstart=datetime.combine(period, datetime.min.time()),
        interval=12 * MAXYEAR,  # so that there is no other period
        byweekday=[weekday(_WEEKDAYS.index(day.weekday), day.nth) for day in by_day] or None,
        bymonthday=first.day if is_open else rule.by_month_day or None,
        bymonth=first.month if is_open and is_yearly else None,
    )
    return (start.date() for start in found)


def _is_month_day(day: date, numbers: Iterable[int]) -> bool:
    length = ((day.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY).day
    return not numbers or day.day in numbers or day.day - length - 1 in numbers


def _chosen(rule: Recurrence, days: list[date]) -> list[date]:
    if not rule.by_set_pos:
        return days
    places = {place - 1 if place > 0 else len(days) + place for place in rule.by_set_pos}
    return [day for number, day in enumerate(days) if number in places]
