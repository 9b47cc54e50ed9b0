"""A week of a rota, day by day: who is on call after all, and when nobody is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.occurrences import Occurrence
from controller.decisions.on_call.periods import OnCallPeriod
from controller.decisions.on_call.rota import Source
from controller.pages.maintenance.calendar import LATEST, clock_change, midnight, part_of_day, spoken_day

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY


class WeekPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a day. `who` is empty when nobody is on call; `unknown` are shifts of then that name nobody."""

    when: str
    who: str
    unknown: str
    is_override: bool
    is_now: bool


class WeekDay(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` says that the clock changes."""

    words: str
    is_today: bool
    clock: str
    periods: list[WeekPeriod]


class RotaWeek(msgspec.Struct, frozen=True, kw_only=True):
    """Monday to Sunday. `has_gaps`: at some time nobody is on call. `previous` and `following` are the days a week
    before and after, empty at the ends of the calendar.
    """

    title: str
    days: list[WeekDay]
    has_gaps: bool
    previous: str
    following: str


def span_of_week(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants between which this day's week is."""
    begin = _monday(day)
    return midnight(begin, zone), midnight(begin + _WEEK, zone)


def rota_week(periods: Sequence[OnCallPeriod], day: date, zone: ZoneInfo, now: datetime) -> RotaWeek:
    """The week that has this day. `periods` leave no gap between the instants of `span_of_week`."""
    begin = _monday(day)
    before, after = day - _WEEK, day + _WEEK
    return RotaWeek(
        title=f"{spoken_day(begin)} to {spoken_day(begin + 6 * _DAY)}",
        days=[_day(begin + number * _DAY, periods, zone, now) for number in range(7)],
        has_gaps=any(one.who.source is Source.NOBODY for one in periods),
        previous=before.isoformat() if before.year >= 2000 else "",
        following=after.isoformat() if after.year <= LATEST else "",
    )


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def _day(day: date, periods: Sequence[OnCallPeriod], zone: ZoneInfo, now: datetime) -> WeekDay:
    begin, end = midnight(day, zone), midnight(day + _DAY, zone)
    return WeekDay(
        words=spoken_day(day),
        is_today=begin <= now < end,
        clock=clock_change(begin, end, zone),
        periods=[
            WeekPeriod(
                when=part_of_day(Occurrence(one.from_at, one.to_at), begin, end, zone),
                who=", ".join(one.who.names),
                unknown=", ".join(one.who.unknown),
                is_override=one.who.source is Source.OVERRIDE,
                is_now=max(one.from_at, begin) <= now < min(one.to_at, end),
            )
            for one in periods
            if one.from_at < end and one.to_at > begin
        ],
    )
