"""What the list of windows and the page of one show. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.expansion import coming, timetable
from controller.decisions.maintenance.occurrences import Occurrence
from controller.model.maintenance import Effect, MaintenanceWindow
from controller.operations.maintenance.past import MonitorsOfWindow, PastOccurrence
from controller.operations.maintenance.preview import warnings_of
from controller.pages.maintenance.words import (
    EFFECTS,
    OccurrenceView,
    occurrence_view,
    targets_in_words,
    when_in_words,
)

DONE: Mapping[str, str] = {
    "begun": "Maintenance has begun.",
    "imported": "The windows of the file are imported.",
    "planned": "The window is planned.",
    "saved": "The changes are saved.",
    "started": "The window has begun early. Its end stays.",
    "ended": "Maintenance has ended: people are notified of incidents again.",
    "prolonged": "The end has been moved.",
    "enabled": "The window is enabled.",
    "disabled": "The window is disabled: it does nothing until somebody enables it.",
    "deleted": "The window is deleted.",
}
STATES = {"now": "under way", "coming": "coming", "over": "over or disabled"}
PER_PAGE = 100
_NEXT = 5


class WindowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the list. `present` and `following` are its occurrence under way and the one after it."""

    public_id: UUID
    name: str
    targets: str
    when: str
    effect: str
    suspends: bool
    state: str
    is_status: bool
    enabled: bool
    present: Occurrence | None
    following: Occurrence | None
    following_words: OccurrenceView | None


class WindowGroup(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    title: str
    rows: list[WindowRow]


class WindowsView(msgspec.Struct, frozen=True, kw_only=True):
    groups: list[WindowGroup]
    text: str
    state: str
    states: list[tuple[str, str]]
    further: str
    total: int
    done: str


class WindowView(msgspec.Struct, frozen=True, kw_only=True):
    """One window. `present` is the occurrence under way; `until` is what a field for its end begins with."""

    row: WindowRow
    description: str
    zone: str
    present: Occurrence | None
    present_words: OccurrenceView | None
    coming: list[OccurrenceView]
    past: list[PastOccurrence]
    monitors: MonitorsOfWindow
    locations: list[str]
    made_by: str
    made_at: datetime
    warnings: list[str]
    until_date: str
    until_time: str
    done: str
    problem: str


def windows_view(
    windows: Sequence[MaintenanceWindow], now: datetime, *, text: str, state: str, page: int, done: str
) -> WindowsView:
    rows = [row_of(one, now) for one in windows if text.lower() in f"{one.name}\n{one.description or ''}".lower()]
    rows = sorted((row for row in rows if state in ("", row.state)), key=_order)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    groups = [
        WindowGroup(state=name, title=words.capitalize(), rows=found)
        for name, words in STATES.items()
        if (found := [row for row in shown if row.state == name])
    ]
    query = {name: value for name, value in (("q", text), ("state", state), ("page", str(page + 1))) if value}
    return WindowsView(
        groups=groups,
        text=text,
        state=state,
        states=list(STATES.items()),
        further=f"/maintenance?{urlencode(query)}" if len(rows) > page * PER_PAGE else "",
        total=len(rows),
        done=done,
    )


def row_of(window: MaintenanceWindow, now: datetime) -> WindowRow:
    present = present_of(window, now)
    following = next((one for one in _coming(window, now, 3) if not one.holds(now) and not one.is_empty), None)
    state = "now" if present else "coming" if following else "over"
    return WindowRow(
        public_id=window.public_id,
        name=window.name,
        targets=targets_in_words(window),
        when=when_in_words(window),
        effect=EFFECTS[window.effect],
        suspends=window.effect is Effect.SUSPEND,
        state=state,
        is_status=window.of_status is not None,
        enabled=window.enabled,
        present=present,
        following=following,
        following_words=occurrence_view(following, ZoneInfo(window.time_zone)) if following else None,
    )


def present_of(window: MaintenanceWindow, now: datetime) -> Occurrence | None:
    """The occurrence under way that lasts longest."""
    found = [one for one in window.stored if one.holds(now)]
    if not found:
        return None
    longest = max(found, key=lambda one: (one.to_at is None, one.to_at or now))
    return Occurrence(longest.from_at, longest.to_at)


def window_view(
    window: MaintenanceWindow,
    past: list[PastOccurrence],
    monitors: MonitorsOfWindow,
    now: datetime,
    *,
    done: str,
    problem: str,
    typed: tuple[str, str] | None,
) -> WindowView:
    zone = ZoneInfo(window.time_zone)
    present = present_of(window, now)
    ends = present.to_at.astimezone(zone) if present and present.to_at else now.astimezone(zone)
    until_date, until_time = typed or (f"{ends:%Y-%m-%d}", f"{ends:%H:%M}")
    return WindowView(
        row=row_of(window, now),
        description=window.description or "",
        zone=window.time_zone,
        present=present,
        present_words=occurrence_view(present, zone) if present else None,
        coming=[occurrence_view(one, zone) for one in _coming(window, now, _NEXT + 1) if not one.holds(now)][:_NEXT],
        past=past,
        monitors=monitors,
        locations=[f"{one.name} ({one.code})" for one in window.targets.locations],
        made_by=window.made_by or "",
        made_at=window.created_at,
        warnings=warnings_of(window),
        until_date=until_date,
        until_time=until_time,
        done=done,
        problem=problem,
    )


def _coming(window: MaintenanceWindow, now: datetime, at_most: int) -> list[Occurrence]:
    return coming(window.stored, timetable(window), now, at_most) if window.enabled else []


def _order(row: WindowRow) -> tuple[int, float, str]:
    """What ends first of what is under way, what begins first of what is coming, the rest by name."""
    if row.present is not None:
        return 0, row.present.to_at.timestamp() if row.present.to_at else float("inf"), row.name.lower()
    if row.following is not None:
        return 1, row.following.from_at.timestamp(), row.name.lower()
    return 2, 0.0, row.name.lower()
