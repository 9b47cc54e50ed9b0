"""A month of a rota, as a table of weeks: who is on call, day by day. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.occurrences import Occurrence
from controller.decisions.on_call.rota import Shift
from controller.pages.maintenance.calendar import (
    LATEST,
    clock_change,
    midnight,
    next_month,
    part_of_day,
    spoken_day,
)

_MOST = 6
_DAY = timedelta(days=1)


class ShiftItem(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a part of one day, by a shift of the calendar or an override."""

    name: str
    when: str
    is_override: bool
    is_now: bool


class RotaDay(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` says that the clock changes. `within` is false for days of the months around."""

    number: int
    words: str
    is_today: bool
    within: bool
    clock: str
    shifts: list[ShiftItem]
    more: int


class RotaMonth(msgspec.Struct, frozen=True, kw_only=True):
    """`previous` and `following` are the first days of the months around, empty at the ends of the calendar."""

    title: str
    zone: str
    weeks: list[list[RotaDay]]
    previous: str
    following: str
    busy: bool


def span_of_month(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants between which the weeks of this day's month are."""
    begin, weeks = _weeks(day)
    return midnight(begin, zone), midnight(begin + weeks * 7 * _DAY, zone)


def rota_month(shifts: Sequence[Shift], day: date, zone: ZoneInfo, now: datetime) -> RotaMonth:
    """The month that has this day, in weeks from Monday on."""
    first = day.replace(day=1)
    begin, weeks = _weeks(day)
    days = [
        _day(at, shifts, zone, now, within=at.month == day.month)
        for at in (begin + number * _DAY for number in range(7 * weeks))
    ]
    before, after = (first - _DAY).replace(day=1), next_month(first)
    return RotaMonth(
        title=f"{day:%B %Y}",
        zone=zone.key,
        weeks=[days[number : number + 7] for number in range(0, len(days), 7)],
        previous=before.isoformat() if before.year >= 2000 else "",
        following=after.isoformat() if after.year <= LATEST else "",
        busy=any(one.shifts for one in days if one.within),
    )


def who(shift: Shift) -> str:
    """Whom a shift names, as its calendar writes it."""
    if shift.override is not None:
        person, channel = shift.override.person, shift.override.channel
        return person.email if person else channel.name if channel else ""
    event = shift.event
    return "" if event is None else ", ".join(event.emails) or event.summary or "without a name"


def _weeks(day: date) -> tuple[date, int]:
    """The Monday on which the month's first week begins, and how many weeks it has."""
    first = day.replace(day=1)
    begin = first - first.weekday() * _DAY
    return begin, -(-((next_month(first) - begin).days) // 7)


def _day(day: date, shifts: Sequence[Shift], zone: ZoneInfo, now: datetime, *, within: bool) -> RotaDay:
    begin, end = midnight(day, zone), midnight(day + _DAY, zone)
    here = [one for one in shifts if one.from_at < end and one.to_at > begin]
    return RotaDay(
        number=day.day,
        words=spoken_day(day),
        is_today=begin <= now < end,
        within=within,
        clock=clock_change(begin, end, zone),
        shifts=[
            ShiftItem(
                name=who(one),
                when=part_of_day(Occurrence(one.from_at, one.to_at), begin, end, zone),
                is_override=one.override is not None,
                is_now=one.holds(now) and begin <= now < end,
            )
            for one in here[:_MOST]
        ],
        more=max(0, len(here) - _MOST),
    )
