"""The shifts of a rota's calendar (RFC 5545), and why other entries are none. Pure.

Single shifts that were moved or removed (RECURRENCE-ID, EXDATE) are taken: people swap them so in their calendars.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.ical_import import (
    MISUNDERSTOOD,
    MOST_BYTES,
    MOST_EVENTS,
    OutsideError,
    entries_of,
    event_of,
    text_of,
    wall_time,
)
from controller.decisions.maintenance.occurrences import LONGEST
from controller.errors import InvalidError
from controller.model.notification.on_call import RotaEvent, SkippedEntry

_NOT_TAKEN = ("RDATE", "EXRULE")
_EMAIL = re.compile(r"[^\s<>()\[\],;:\"'@]+@[^\s<>()\[\],;:\"'@]+")
_LONGEST_TEXT = 255
_MOST_EMAILS = 20
_MOST_WITHOUT = 1000
MOST_SKIPPED = 20


def shifts_in(content: bytes, zone: str) -> tuple[list[RotaEvent], list[SkippedEntry]]:
    """The shifts of a calendar file, and the first MOST_SKIPPED of the entries that are none. Times without a zone, and
    whole days, are of `zone`. Raises InvalidError with the field `url`.
    """
    if len(content) > MOST_BYTES:
        raise InvalidError("url", f"must lead to a calendar of at most {MOST_BYTES} bytes")
    try:
        entries = list(islice(entries_of(content), MOST_EVENTS + 1))
    except InvalidError as error:
        raise InvalidError("url", "must lead to a calendar (RFC 5545), in UTF-8") from error
    if len(entries) > MOST_EVENTS:
        raise InvalidError("url", f"must lead to a calendar of at most {MOST_EVENTS} entries")
    taken: list[RotaEvent] = []
    moved: dict[str, list[datetime]] = {}
    skipped: list[SkippedEntry] = []
    for entry in entries:
        name = (text_of(entry, "SUMMARY") or "without a name")[:_LONGEST_TEXT]
        try:
            if "RECURRENCE-ID" in entry:
                moved.setdefault(text_of(entry, "UID"), []).append(_instant(entry["RECURRENCE-ID"], zone))
            taken.append(_shift(entry, zone))
        except OutsideError as error:
            skipped.append(SkippedEntry(name, str(error)))
        except MISUNDERSTOOD:
            skipped.append(SkippedEntry(name, "cannot be understood"))
    return [_without(one, moved.get(one.uid, ())) for one in taken], skipped[:MOST_SKIPPED]


def _shift(entry: Any, zone: str) -> RotaEvent:
    event = event_of(entry, zone, not_taken=_NOT_TAKEN)
    if event.end - event.start > LONGEST:
        raise OutsideError(f"lasts more than {LONGEST.days} days")
    removed = [_wall_in(moment, event.time_zone) for moment in _removed(entry, zone)]
    summary = text_of(entry, "SUMMARY")[:_LONGEST_TEXT]
    return RotaEvent(
        uid=event.uid,
        summary=summary,
        time_zone=event.time_zone,
        start=event.start,
        end=event.end,
        recurrence=event.recurrence,
        emails=tuple(dict.fromkeys([*_attendees(entry), *emails_in(summary)]))[:_MOST_EMAILS],
        without=tuple(removed[:_MOST_WITHOUT]),
    )


def emails_in(text: str) -> list[str]:
    """The e-mail addresses in a text, in lower case."""
    return [found.lower().rstrip(".") for found in _EMAIL.findall(text)]


def _attendees(entry: Any) -> Iterator[str]:
    """The addresses of ATTENDEE properties, but of those who declined."""
    given = entry.get("ATTENDEE", [])
    for one in given if isinstance(given, list) else [given]:
        if str(one.params.get("PARTSTAT", "")).upper() != "DECLINED":
            yield from emails_in(str(one).lower().removeprefix("mailto:"))


def _removed(entry: Any, zone: str) -> Iterator[datetime]:
    given = entry.get("EXDATE", [])
    for dates in given if isinstance(given, list) else [given]:
        for one in dates.dts:
            if "TZID" in dates.params and "TZID" not in one.params:
                one.params["TZID"] = dates.params["TZID"]
            yield _instant(one, zone)


def _instant(value: Any, zone: str) -> datetime:
    moment, own = wall_time(value, zone)
    return moment.replace(tzinfo=ZoneInfo(own))


def _wall_in(moment: datetime, zone: str) -> datetime:
    try:
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError:  # on the first or the last day of the calendar, when no shift is asked for
        return moment.replace(tzinfo=None)


def _without(event: RotaEvent, moved: Iterable[datetime]) -> RotaEvent:
    """The rule without the shifts that other entries with its UID stand for."""
    if event.recurrence is None:
        return event
    starts = tuple(_wall_in(moment, event.time_zone) for moment in moved)
    return msgspec.structs.replace(event, without=(event.without + starts)[:_MOST_WITHOUT]) if starts else event
