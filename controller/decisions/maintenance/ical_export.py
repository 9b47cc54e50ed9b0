"""Maintenance windows as a calendar (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event, vRecur

from controller.decisions.maintenance.expansion import timetable
from controller.decisions.maintenance.occurrences import Timetable
from controller.decisions.maintenance.recurrence import starts
from controller.decisions.maintenance.wall_clock import start_instant
from controller.model.maintenance import Effect, MaintenanceWindow, Recurrence, WindowTargets

_EFFECTS = {Effect.SILENCE: "Checks go on, nobody is notified.", Effect.SUSPEND: "There are no checks."}
_SHOWN = timedelta(days=1)
"""How far beyond this moment a window without an end is drawn."""


def calendar_of(windows: Iterable[MaintenanceWindow], name: str, link: Callable[[UUID], str], now: datetime) -> bytes:
    """The enabled windows, each under its public id as UID; `link` is the address of its page. An occurrence that was
    started, prolonged or ended by hand is an exception of its window's rule (RECURRENCE-ID).
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Mailprobe//Maintenance windows//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for window in windows:
        if window.enabled:
            for event in _events(window, link, now):
                calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _events(window: MaintenanceWindow, link: Callable[[UUID], str], now: datetime) -> Iterator[Event]:
    table = timetable(window)
    moved = [one for one in window.stored if one.moved and one.to_at is not None]
    first = window.start if window.recurrence is None else next(_starts(window.recurrence, window.start), None)
    if first is None:
        return
    event = _event(window, link)
    if window.end is None:
        event["summary"] = event.get("summary") + " (without an end)"
        begins = start_instant(first, table.zone)
        _times(event, begins, max(begins, now.astimezone(UTC)) + _SHOWN)
    elif window.recurrence is None and moved:
        _times(event, moved[-1].from_at, moved[-1].to_at or now)
    else:
        event.add("dtstart", first.replace(tzinfo=table.zone))
        event.add("dtend", (first + (window.end - window.start)).replace(tzinfo=table.zone))
    if window.recurrence is not None:
        event.add("rrule", vRecur(_rule(window.recurrence, table)))
    yield event
    for one in moved if window.recurrence is not None else ():
        other = _event(window, link)
        other.add("recurrence-id", one.planned_at.astimezone(table.zone))
        _times(other, one.from_at, one.to_at or now)
        yield other


def _event(window: MaintenanceWindow, link: Callable[[UUID], str]) -> Event:
    event = Event()
    event.add("uid", str(window.public_id))
    event.add("dtstamp", window.updated_at)
    event.add("created", window.created_at)
    event.add("last-modified", window.updated_at)
    event.add("summary", window.name)
    words = [
        *([window.description] if window.description else []),
        f"For {_for(window.targets)}.",
        _EFFECTS[window.effect],
    ]
    event.add("description", "\n".join([*words, link(window.public_id)]))
    event.add("url", link(window.public_id))
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["Maintenance"])
    return event


def _times(event: Event, from_at: datetime, to_at: datetime) -> None:
    event.add("dtstart", from_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtend", to_at.astimezone(UTC).replace(microsecond=0))


def _starts(rule: Recurrence, first: datetime) -> Iterator[datetime]:
    return islice(starts(rule, first, first), 1)


def _rule(rule: Recurrence, table: Timetable) -> dict[str, Any]:
    parts: dict[str, Any] = {"FREQ": rule.frequency.value.upper()}
    parts |= {"INTERVAL": rule.interval} if rule.interval > 1 else {}
    days = [day.weekday.value if day.nth is None else f"{day.nth}{day.weekday}" for day in rule.by_day]
    parts |= {"BYDAY": days} if days else {}
    parts |= {"BYMONTHDAY": list(rule.by_month_day)} if rule.by_month_day else {}
    parts |= {"BYSETPOS": list(rule.by_set_pos)} if rule.by_set_pos else {}
    parts |= {"COUNT": rule.count} if rule.count is not None else {}
    parts |= {"UNTIL": start_instant(rule.until, table.zone)} if rule.until is not None else {}
    return parts


def _for(targets: WindowTargets) -> str:
    if targets.organization:
        return "all monitors"
    parts = [f"the monitor {one.name}" for one in targets.monitors]
    parts += [f"the customer {one.name}" for one in targets.customers]
    parts += [
        f"the label {one.key}" if one.value is None else f"the label {one.key}: {one.value}" for one in targets.labels
    ]
    parts += [f"the location {one.name}" for one in targets.locations]
    shown = parts[:10]
    return ", ".join([*shown, *([f"{len(parts) - len(shown)} more"] if len(parts) > len(shown) else [])]) or "nothing"
