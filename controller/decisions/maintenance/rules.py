"""The rules that a maintenance window must keep. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from controller.decisions.maintenance.expansion import timetable
from controller.decisions.maintenance.occurrences import LONGEST, busiest_week
from controller.decisions.maintenance.recurrence import starts
from controller.decisions.maintenance.time_zones import check_time_zone
from controller.decisions.monitors.monitors import check_name
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.maintenance import Frequency, MaintenanceWindow, NewWindow, Recurrence

LONGEST_DESCRIPTION = 2000
MOST_WINDOWS = 500
MOST_INTERVAL = 1000
MOST_COUNT = 1000
MONTH_DAYS = frozenset({*range(1, 32), -1})
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)
BUSY = timedelta(days=7) / 4
"""A window that takes more of a week than this gets a warning."""


def check_window(new: NewWindow) -> None:
    """Raises InvalidFieldsError, which lists every mistake."""
    problems: list[InvalidError] = []
    with noting(problems):
        check_name(new.name)
    with noting(problems):
        check_time_zone(new.time_zone)
    problems += _texts(new)
    times = list(_times(new))
    problems += times
    if new.recurrence is not None:
        problems += recurrence_problems(new.recurrence, new.start)
    targets = new.targets
    if not (targets.monitors or targets.customers or targets.locations or targets.labels or targets.organization):
        problems.append(InvalidError("targets", "must name at least one monitor, label, customer, location, or all"))
    if not problems and new.recurrence is not None and not _ever(new.recurrence, new.start):
        problems.append(InvalidError("recurrence", "never fits: no date has all of it"))
    if problems:
        raise InvalidFieldsError(problems)


def is_busy(window: MaintenanceWindow | NewWindow, now: datetime) -> bool:
    """Whether the window takes more than a quarter of some week, so that it may hide what people need to know."""
    return window.end is not None and busiest_week(timetable(window), now) > BUSY


def _texts(new: NewWindow) -> Iterator[InvalidError]:
    if new.description is not None and len(new.description) > LONGEST_DESCRIPTION:
        yield InvalidError("description", f"must be at most {LONGEST_DESCRIPTION} characters")
    if new.description is not None and "\0" in new.description:
        yield InvalidError("description", "must not hold NUL characters")


def _times(new: NewWindow) -> Iterator[InvalidError]:
    for name, moment in (("start", new.start), ("end", new.end)):
        if moment is not None and not EARLIEST <= moment < LATEST:
            yield InvalidError(name, f"must be between {EARLIEST.year} and {LATEST.year}")
    if new.end is None:
        if new.recurrence is not None:
            yield InvalidError("end", "must be set for a window that recurs")
    elif new.end <= new.start:
        yield InvalidError("end", "must be after start")
    elif new.end - new.start > LONGEST:
        yield InvalidError("end", f"must be at most {LONGEST.days} days after start")


def recurrence_problems(rule: Recurrence, start: datetime) -> Iterator[InvalidError]:
    """What is wrong with a rule that begins then. Only one without a problem may be searched for its dates."""
    if not 1 <= rule.interval <= MOST_INTERVAL:
        yield InvalidError("recurrence.interval", f"must be from 1 to {MOST_INTERVAL}")
    numbered = rule.frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    most = 5 if rule.frequency is Frequency.MONTHLY else 53
    for day in rule.by_day:
        if day.nth is not None and (not numbered or not 1 <= abs(day.nth) <= most):
            yield InvalidError("recurrence.byDay", f"may have numbers up to {most} in monthly and yearly rules only")
            break
    if not MONTH_DAYS.issuperset(rule.by_month_day):
        yield InvalidError("recurrence.byMonthDay", "must be days from 1 to 31, or -1 for the last one")
    if rule.by_month_day and rule.frequency is Frequency.WEEKLY:
        yield InvalidError("recurrence.byMonthDay", "must be empty in a weekly rule")
    if any(not 1 <= abs(place) <= 366 for place in rule.by_set_pos):
        yield InvalidError("recurrence.bySetPos", "must be numbers from 1 to 366, or from -1 to -366")
    if rule.by_set_pos and not (rule.by_day or rule.by_month_day):
        yield InvalidError("recurrence.bySetPos", "must come with byDay or byMonthDay")
    if rule.count is not None and not 1 <= rule.count <= MOST_COUNT:
        yield InvalidError("recurrence.count", f"must be from 1 to {MOST_COUNT}")
    if rule.count is not None and rule.until is not None:
        yield InvalidError("recurrence.until", "must be left out when count is set")
    if rule.until is not None and rule.until < start:
        yield InvalidError("recurrence.until", "must not be before start")


def _ever(rule: Recurrence, start: datetime) -> bool:
    return bool(list(islice(starts(rule, start, start), 1)))
