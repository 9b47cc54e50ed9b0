"""The calendar of windows: a month as a table of weeks, or a week as bands of its days. Pure.

Days are those of a zone, so that one on which the clock changes has 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.expansion import timetable
from controller.decisions.maintenance.occurrences import Occurrence, occurrences
from controller.decisions.maintenance.wall_clock import start_instant
from controller.model.maintenance import Effect, MaintenanceWindow
from controller.pages.maintenance.words import clock_note
from controller.pages.shell.texts import span

MONTH, WEEK = "month", "week"
VIEWS = (MONTH, WEEK)
LATEST = 2099
WIDTH = 1000
LANE = 16
"""The units of a day's band: its length, and the height of each lane."""
_MOST = {MONTH: 5, WEEK: 30}
"""So many windows of a day are shown."""
_DAY = timedelta(days=1)


class CalendarItem(msgspec.Struct, frozen=True, kw_only=True):
    """A window on one day. `when` says which part of the day; `x`, `y` and `width` place it in the day's band."""

    public_id: UUID
    name: str
    when: str
    note: str
    suspends: bool
    is_now: bool
    x: int
    y: int
    width: int


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` says that the clock changes. `hours` are places in the band, each with its words; `now` is that of the
    present moment. `within` is false for days of the months around.
    """

    iso: str
    number: int
    words: str
    is_today: bool
    within: bool
    clock: str
    items: list[CalendarItem]
    more: int
    height: int
    hours: list[tuple[int, str]]
    now: int | None


class CalendarView(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    view: str
    zone: str
    weeks: list[list[CalendarDay]]
    previous: str
    following: str
    other: str
    today: str
    busy: int


class _Placed(msgspec.Struct, frozen=True):
    window: MaintenanceWindow
    occurrence: Occurrence


def calendar_view(
    windows: Sequence[MaintenanceWindow], view: str, day: date, zone: ZoneInfo, now: datetime
) -> CalendarView:
    """The month or the week (from Monday on) that has this day."""
    first = day.replace(day=1) if view == MONTH else day
    begin = first - first.weekday() * _DAY
    weeks = -(-((next_month(first) - begin).days) // 7) if view == MONTH else 1
    since, until = midnight(begin, zone), midnight(begin + weeks * 7 * _DAY, zone)
    placed = [_Placed(one, each) for one in windows if one.enabled for each in _occurrences(one, since, until, now)]
    placed.sort(key=lambda one: (one.occurrence.from_at, one.window.id))
    days = [
        _day(at, placed, zone, now, view, within=view == WEEK or at.month == day.month)
        for at in (begin + number * _DAY for number in range(7 * weeks))
    ]
    last = begin + 6 * _DAY
    title = f"{day:%B %Y}" if view == MONTH else f"{spoken_day(begin)} to {spoken_day(last)}"
    before, after = (first - _DAY, next_month(first)) if view == MONTH else (begin - 7 * _DAY, begin + 7 * _DAY)
    other = WEEK if view == MONTH else MONTH
    today = now.astimezone(zone).date()
    return CalendarView(
        title=title,
        view=view,
        zone=zone.key,
        weeks=[days[number : number + 7] for number in range(0, len(days), 7)],
        previous=link(view, before) if before.year >= 2000 else "",
        following=link(view, after) if after.year <= LATEST else "",
        other=link(other, today if begin <= today < begin + weeks * 7 * _DAY else first),
        today=link(view, today),
        busy=sum(len(one.items) + one.more for one in days if one.within),
    )


def link(view: str, day: date) -> str:
    return f"/maintenance/calendar?view={view}&date={day}"


def _occurrences(window: MaintenanceWindow, since: datetime, until: datetime, now: datetime) -> list[Occurrence]:
    """As planned, and as somebody moved them. What was over before the window was made did not take place."""
    kept = {one.planned_at: one for one in window.stored if one.moved or one.holds(now)}
    found = [one for one in occurrences(timetable(window), since, until) if one.from_at not in kept]
    found += [Occurrence(one.from_at, one.to_at) for one in kept.values()]
    return [
        one
        for one in found
        if one.from_at < until and (one.to_at is None or one.to_at > max(since, window.created_at)) and not one.is_empty
    ]


def _day(
    day: date, placed: Sequence[_Placed], zone: ZoneInfo, now: datetime, view: str, *, within: bool
) -> CalendarDay:
    begin, end = midnight(day, zone), midnight(day + _DAY, zone)
    length = end - begin
    here = [
        one
        for one in placed
        if one.occurrence.from_at < end and (one.occurrence.to_at is None or one.occurrence.to_at > begin)
    ]
    items: list[CalendarItem] = []
    lanes: list[datetime] = []
    for one in here[: _MOST[view]]:
        since = max(begin, one.occurrence.from_at)
        until = min(end, one.occurrence.to_at or end)
        lane = next((number for number, free in enumerate(lanes) if free <= since), len(lanes))
        lanes[lane : lane + 1] = [until]
        left = round(WIDTH * ((since - begin) / length))
        items.append(
            CalendarItem(
                public_id=one.window.public_id,
                name=one.window.name,
                when=part_of_day(one.occurrence, begin, end, zone),
                note=clock_note(one.occurrence, zone),
                suspends=one.window.effect is Effect.SUSPEND,
                is_now=one.occurrence.holds(now),
                x=left,
                y=LANE * lane,
                width=max(4, round(WIDTH * ((until - begin) / length)) - left),
            )
        )
    return CalendarDay(
        iso=day.isoformat(),
        number=day.day,
        words=spoken_day(day),
        is_today=begin <= now < end,
        within=within,
        clock=clock_change(begin, end, zone),
        items=items,
        more=len(here) - len(items),
        height=LANE * max(1, len(lanes)),
        hours=[(round(WIDTH * ((at - begin) / length)), f"{at.astimezone(zone):%H:%M}") for at in _hours(day, zone)],
        now=round(WIDTH * ((now - begin) / length)) if begin <= now < end else None,
    )


def part_of_day(one: Occurrence, begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    since = "" if one.from_at < begin else f"{one.from_at.astimezone(zone):%H:%M}"
    until = "" if one.to_at is None or one.to_at > end else f"{one.to_at.astimezone(zone):%H:%M}"
    until = "24:00" if one.to_at == end else until
    if since == "00:00" and until in ("", "24:00"):
        since = until = ""
    if since and until:
        return f"{since}–{until}"
    if since:
        return f"from {since}"
    return f"until {until}" if until and until != "24:00" else "all day"


def clock_change(begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    before, after = begin.astimezone(zone).utcoffset(), end.astimezone(zone).utcoffset()
    if before is None or after is None or before == after:
        return ""
    which = f"forward by {span(after - before)}" if after > before else f"back by {span(before - after)}"
    return f"the clock goes {which}"


def _hours(day: date, zone: ZoneInfo) -> list[datetime]:
    return [start_instant(datetime.combine(day, time(hour)), zone) for hour in (0, 6, 12, 18)]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins, also where the clock skips or repeats its midnight."""
    return start_instant(datetime.combine(day, time()), zone).astimezone(UTC)


def next_month(first: date) -> date:
    return (first.replace(day=28) + 4 * _DAY).replace(day=1)


def spoken_day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
