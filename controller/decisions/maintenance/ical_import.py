"""Maintenance windows from a calendar (RFC 5545): the events within our rules, and why others are not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.cal import Component

from controller.decisions.maintenance.recurrence import starts
from controller.decisions.maintenance.rules import recurrence_problems
from controller.errors import InvalidError
from controller.model.maintenance import Day, Frequency, Recurrence, Weekday

MOST_BYTES = 1024 * 1024
MOST_EVENTS = 1000
_LONGEST_NAME = 255
NOT_TAKEN = ("EXDATE", "RDATE", "EXRULE", "RECURRENCE-ID")
_PARTS = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH", "COUNT", "UNTIL", "WKST"})
_DAY = timedelta(days=1)
MISUNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What the library raises for properties that it cannot read."""


class PlannedEvent(NamedTuple):
    """An event as a window; times are of the wall clock of `time_zone`."""

    uid: str
    name: str
    description: str | None
    time_zone: str
    start: datetime
    end: datetime
    recurrence: Recurrence | None


class OutsideEvent(NamedTuple):
    """An entry that is not taken, and why, in words for people."""

    name: str
    reason: str


class OutsideError(Exception):
    """The entry is outside of what a window can say."""


def events_in(content: bytes, zone: str) -> tuple[list[PlannedEvent], list[OutsideEvent]]:
    """The events of a calendar file, those with an RRULE within our rules, and all other entries with the reason.
    Times without a zone, and whole days, are of `zone`. Raises InvalidError with the field `body`.
    """
    if len(content) > MOST_BYTES:
        raise InvalidError("body", f"must be at most {MOST_BYTES} bytes")
    taken, outside = [], []
    entries = list(islice(entries_of(content), MOST_EVENTS + 1))
    if len(entries) > MOST_EVENTS:
        raise InvalidError("body", f"must have at most {MOST_EVENTS} entries")
    known: set[str] = set()
    for entry in entries:
        name = text_of(entry, "SUMMARY") or "without a name"
        try:
            event = event_of(entry, zone)
            if event.uid in known:
                raise OutsideError("has the UID of an entry before it")
            known.add(event.uid)
            taken.append(event)
        except OutsideError as error:
            outside.append(OutsideEvent(name[:_LONGEST_NAME], str(error)))
        except MISUNDERSTOOD:
            outside.append(OutsideEvent(name[:_LONGEST_NAME], "cannot be understood"))
    return taken, outside


def entries_of(content: bytes) -> Iterator[Any]:
    """Components of the library, whose properties have many types."""
    try:
        calendars = Calendar.from_ical(content.decode("utf-8-sig"), multiple=True)
    except Exception as error:
        raise InvalidError("body", "must be a calendar (RFC 5545), in UTF-8") from error
    found = [one for one in calendars if isinstance(one, Component) and one.name == "VCALENDAR"]
    if not found:
        raise InvalidError("body", "must be a calendar (RFC 5545), in UTF-8")
    for calendar in found:
        yield from (one for one in calendar.subcomponents if one.name != "VTIMEZONE")


def event_of(entry: Any, zone: str, *, not_taken: Collection[str] = NOT_TAKEN) -> PlannedEvent:
    """An entry as an event. One with any of the properties `not_taken` is refused. Raises OutsideError, or one of
    MISUNDERSTOOD.
    """
    if entry.name != "VEVENT":
        raise OutsideError("is not an event")
    for name, error in entry.errors:
        raise OutsideError(f"{name} cannot be understood: {error}")
    if str(entry.get("STATUS", "")).upper() == "CANCELLED":
        raise OutsideError("is cancelled")
    for name in not_taken:
        if name in entry:
            raise OutsideError(f"has {name}: single dates that differ from a rule are not taken")
    if "DTSTART" not in entry:
        raise OutsideError("has no start")
    start, own = wall_time(entry["DTSTART"], zone)
    end = _end(entry, start, own)
    if end <= start:
        raise OutsideError("has no end after its start")
    uid = text_of(entry, "UID")
    if not uid:
        raise OutsideError("has no UID")
    if len(uid) > _LONGEST_NAME or "\0" in uid:
        raise OutsideError(f"has a UID with NUL characters, or of more than {_LONGEST_NAME} characters")
    rule = None if "RRULE" not in entry else _rule(entry["RRULE"], start, own)
    for problem in () if rule is None else recurrence_problems(rule, start):
        raise OutsideError(f"its rule cannot be taken: {problem}")
    if rule is not None and next(starts(rule, start, start), None) != start:
        raise OutsideError("begins at a time that its rule does not have")
    description = text_of(entry, "DESCRIPTION") or None
    return PlannedEvent(uid, text_of(entry, "SUMMARY") or "Maintenance", description, own, start, end, rule)


def wall_time(value: Any, zone: str) -> tuple[datetime, str]:
    """A time on the wall clock of a zone, and the zone."""
    moment = value.dt
    if isinstance(moment, datetime):
        named = value.params.get("TZID")
        if moment.tzinfo is None:
            if named:
                raise OutsideError(f"has the unknown time zone {str(named)[:64]}")
            return moment.replace(microsecond=0), zone
        key = "UTC" if moment.utcoffset() == timedelta() and not named else getattr(moment.tzinfo, "key", None)
        if key is None:
            raise OutsideError(f"has the unknown time zone {str(named)[:64]}")
        return moment.replace(tzinfo=None, microsecond=0), str(key)
    return datetime.combine(moment, time()), zone


def _end(entry: Any, start: datetime, zone: str) -> datetime:
    whole_days = not isinstance(entry["DTSTART"].dt, datetime)
    if "DTEND" in entry:
        end, own = wall_time(entry["DTEND"], zone)
        if own != zone and isinstance(entry["DTEND"].dt, datetime):
            return end.replace(tzinfo=ZoneInfo(own)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return end
    if "DURATION" in entry:
        lasts: timedelta = entry["DURATION"].dt
        return start + lasts
    return start + (_DAY if whole_days else timedelta())


def _rule(value: Any, start: datetime, zone: str) -> Recurrence:
    if isinstance(value, list):
        raise OutsideError("has several rules")
    parts = {str(name).upper(): list(given) for name, given in value.items()}
    unknown = sorted(parts.keys() - _PARTS)
    if unknown:
        raise OutsideError(f"its rule has {', '.join(unknown)}")
    frequency = str(parts["FREQ"][0]).lower()
    if frequency not in tuple(Frequency):
        raise OutsideError(f"its rule recurs {frequency}: only daily, weekly, monthly and yearly rules are taken")
    interval = int(parts.get("INTERVAL", [1])[0])
    if frequency == Frequency.WEEKLY and interval > 1 and str(parts.get("WKST", ["MO"])[0]) != Weekday.MONDAY:
        raise OutsideError("its rule has weeks that do not begin on Monday")
    month_days = tuple(int(day) for day in parts.get("BYMONTHDAY", ()))
    if "BYMONTH" in parts:
        _require_implied(parts, frequency, month_days, start)
        month_days = ()
    until = parts.get("UNTIL", [None])[0]
    return Recurrence(
        frequency=Frequency(frequency),
        interval=interval,
        by_day=tuple(_days(parts.get("BYDAY", ()))),
        by_month_day=month_days,
        by_set_pos=tuple(int(place) for place in parts.get("BYSETPOS", ())),
        count=int(parts["COUNT"][0]) if "COUNT" in parts else None,
        until=None if until is None else _until(until, zone),
    )


def _require_implied(parts: dict[str, Any], frequency: str, month_days: tuple[int, ...], start: datetime) -> None:
    """A yearly rule may name the month and the day on which it starts, because it says the same without them."""
    same = [int(month) for month in parts["BYMONTH"]] == [start.month] and month_days in ((), (start.day,))
    if frequency != Frequency.YEARLY or not same or "BYDAY" in parts or "BYSETPOS" in parts:
        raise OutsideError("its rule has BYMONTH")


def _days(values: Iterable[Any]) -> Iterator[Day]:
    for value in values:
        text = str(value).upper()
        number = text[:-2]
        yield Day(Weekday(text[-2:]), int(number) if number else None)


def _until(value: date | datetime, zone: str) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59))
    if value.tzinfo is None:
        return value.replace(microsecond=0)
    return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def text_of(entry: Any, name: str) -> str:
    value = entry.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    text = "" if value is None else str(value)
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()
