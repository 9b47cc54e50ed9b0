"""How pages say when a window is, for what, and what it does. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.occurrences import Occurrence
from controller.model.maintenance import (
    Day,
    Effect,
    Frequency,
    LabelTarget,
    MaintenanceWindow,
    NewWindow,
    Recurrence,
    Weekday,
    WindowTargets,
)
from controller.pages.shell.texts import counted, span

EFFECTS = {
    Effect.SILENCE: "checks go on, nobody is notified",
    Effect.SUSPEND: "nothing is checked",
}
DAYS = dict(zip(Weekday, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
PLACES = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 5: "5th", -1: "last"}
_UNITS = {
    Frequency.DAILY: ("day", "days"),
    Frequency.WEEKLY: ("week", "weeks"),
    Frequency.MONTHLY: ("month", "months"),
    Frequency.YEARLY: ("year", "years"),
}
_NAMED = 3
"""So many things of a kind are named; of more, how many there are."""


class OccurrenceView(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence in the zone of its window, with both offsets. `lasts` is its real length; `note` says where the
    clock changes in it, and that it does not take place when the change leaves nothing of it.
    """

    begins: str
    ends: str
    lasts: str
    note: str


def occurrence_view(one: Occurrence, zone: ZoneInfo) -> OccurrenceView:
    begins = one.from_at.astimezone(zone)
    if one.to_at is None:
        return OccurrenceView(begins=_with_offset(begins), ends="", lasts="until somebody ends it", note="")
    ends = one.to_at.astimezone(zone)
    lasts = "does not take place" if one.is_empty else span(one.to_at - one.from_at)
    return OccurrenceView(begins=_with_offset(begins), ends=_with_offset(ends), lasts=lasts, note=clock_note(one, zone))


def clock_note(one: Occurrence, zone: ZoneInfo) -> str:
    """What a change of the clock within the occurrence does to it."""
    if one.to_at is None:
        return ""
    if one.is_empty:
        return "The clock skips all of it"
    before, after = one.from_at.astimezone(zone).utcoffset(), one.to_at.astimezone(zone).utcoffset()
    if before is None or after is None or before == after:
        return ""
    if after < before:
        return f"{span(before - after)} longer: the clock goes back"
    return f"{span(after - before)} shorter: the clock goes forward"


def when_in_words(window: MaintenanceWindow | NewWindow) -> str:
    """“every Tuesday from 02:00 to 04:00, Europe/Berlin”"""
    zone = window.time_zone
    if window.end is None:
        return f"from {_moment(window.start)}, without an end, {zone}"
    rule = window.recurrence
    if rule is None:
        return f"{_spoken(window.start)} from {_time(window.start)} to {_end(window.start, window.end)}, {zone}"
    ends = _ending(rule)
    times = f"from {_time(window.start)} to {_end(window.start, window.end, dated=False)}"
    return f"{rule_in_words(rule, window.start)} {times}, {zone}{f'; {ends}' if ends else ''}"


def rule_in_words(rule: Recurrence, start: datetime) -> str:
    """On which days, without times and without an end."""
    one, many = _UNITS[rule.frequency]
    every = f"every {one}" if rule.interval == 1 else f"every {rule.interval} {many}"
    if rule.frequency is Frequency.WEEKLY:
        days = [day.weekday for day in rule.by_day] or [list(Weekday)[start.weekday()]]
        named = listed([DAYS[day] for day in Weekday if day in days])
        return f"every {named}" if rule.interval == 1 else f"{every} on {named}"
    days_of_month = [_month_day(day) for day in rule.by_month_day]
    named_days = [_day(day) for day in rule.by_day]
    if not days_of_month and not named_days:
        if rule.frequency is Frequency.MONTHLY:
            return f"{every} on {_month_day(start.day)}"
        return f"{every} on {start.day} {start:%B}" if rule.frequency is Frequency.YEARLY else every
    if rule.frequency is Frequency.YEARLY and days_of_month:
        every += ", in every month"
    parts = [listed(part, "or") for part in (named_days, days_of_month) if part]
    text = f"{every} on {' that is '.join(parts)}"
    if rule.by_set_pos:
        text += f", only {listed([f'the {_ordinal(place)}' for place in rule.by_set_pos])} of these days"
    return text


def targets_in_words(window: MaintenanceWindow) -> str:
    """“the monitor Mail; every monitor with team: post”"""
    targets = window.targets
    if targets.organization:
        everything = "every monitor" if window.customer_id is None else "every monitor of its customer"
        return listed([everything, *_locations(targets)])
    parts = [
        *_named("monitor", [one.name for one in targets.monitors]),
        *_named("customer", [one.name for one in targets.customers]),
        *[f"monitors labelled {label_in_words(one)}" for one in targets.labels[:_NAMED]],
        *([f"{len(targets.labels) - _NAMED} more labels"] if len(targets.labels) > _NAMED else []),
        *_locations(targets),
    ]
    return "; ".join(parts) or "nothing: what it was for is gone"


def label_in_words(label: LabelTarget) -> str:
    return label.key if label.value is None else f"{label.key}: {label.value}".rstrip()


def listed(texts: list[str], word: str = "and") -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}" if texts else ""


def _locations(targets: WindowTargets) -> list[str]:
    return _named("location", [f"{one.name} ({one.code})" for one in targets.locations])


def _named(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    if len(names) == 1:
        return [f"the {what} {names[0]}"]
    return [f"{counted(len(names), what)}{f': {listed(names)}' if len(names) <= _NAMED else ''}"]


def _ending(rule: Recurrence) -> str:
    if rule.count is not None:
        return f"{counted(rule.count, 'time')} in all"
    return f"last on {_spoken(rule.until)}" if rule.until is not None else ""


def _month_day(day: int) -> str:
    return "the last day" if day == -1 else f"the {_ordinal(day)}"


def _day(day: Day) -> str:
    return DAYS[day.weekday] if day.nth is None else f"the {_ordinal(day.nth)} {DAYS[day.weekday]}"


def _ordinal(number: int) -> str:
    if number < 0:
        return "last" if number == -1 else f"{_ordinal(-number)} from the end"
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _end(start: datetime, end: datetime, *, dated: bool = True) -> str:
    if start.date() == end.date():
        return _time(end)
    days = (end.date() - start.date()).days
    if dated:
        return _moment(end)
    return f"{_time(end)} on the next day" if days == 1 else f"{_time(end)} {days} days later"


def _moment(at: datetime) -> str:
    return f"{_spoken(at)} {_time(at)}"


def _spoken(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}"


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def _with_offset(at: datetime) -> str:
    offset = at.utcoffset() or timedelta()
    minutes = offset // timedelta(minutes=1)
    sign = "−" if minutes < 0 else "+"
    return f"{_moment(at)} {sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
