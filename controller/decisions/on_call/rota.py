"""Who is on call at a moment: by a rota's overrides, or by the shifts of its calendar. Pure.

Shifts are on the wall clock of their zone, by the rules of maintenance windows: where the clock skips or repeats an
hour, shifts that follow one another leave no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.occurrences import LONGEST, Occurrence, Timetable, occurrences
from controller.decisions.maintenance.rules import EARLIEST, LATEST
from controller.decisions.maintenance.wall_clock import start_instant
from controller.errors import InvalidError
from controller.model.notification.on_call import NamedChannel, OnCallPerson, RotaEvent, RotaOverride

MOST_OVERRIDES = 500
_AHEAD = timedelta(days=31)
_INSTANT = timedelta(milliseconds=1)


class Source(StrEnum):
    OVERRIDE = "override"
    CALENDAR = "calendar"
    NOBODY = "nobody"


class Reachable(NamedTuple):
    """The people of an organization by whom a shift can be taken, by address in lower case, and the channels, the
    oldest first.
    """

    people: dict[str, OnCallPerson]
    channels: tuple[NamedChannel, ...]

    def channel_called(self, name: str) -> NamedChannel | None:
        """The oldest one with this name, in whatever case."""
        called = name.strip().lower()
        return next((one for one in self.channels if one.name.strip().lower() == called), None)


class OnCall(NamedTuple):
    """Who is on call, and until when this holds (None: nothing changes within a month). `unknown` are the names of
    shifts that name nobody who can be told.
    """

    source: Source
    people: tuple[OnCallPerson, ...] = ()
    channels: tuple[NamedChannel, ...] = ()
    unknown: tuple[str, ...] = ()
    until: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The addresses of the people, and the names of the channels."""
        return (*(one.email for one in self.people), *(one.name for one in self.channels))


class Shift(NamedTuple):
    """From one instant until another somebody is on call: of an event, or an override."""

    from_at: datetime
    to_at: datetime
    event: RotaEvent | None = None
    override: RotaOverride | None = None

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at < self.to_at


def shifts(
    events: Iterable[RotaEvent], overrides: Iterable[RotaOverride], since: datetime, until: datetime
) -> list[Shift]:
    """All with some time between these moments, in order; overrides do not cut what they stand for."""
    found = [Shift(one.from_at, one.to_at, override=one) for one in overrides if one.from_at < until]
    found = [one for one in found if one.to_at > since]
    for event in events:
        found += (
            Shift(one.from_at, one.to_at, event=event)
            for one in _times(event, since, until)
            if one.to_at is not None and one.to_at > since
        )
    return sorted(found, key=lambda one: (one.from_at, one.to_at))


def _times(event: RotaEvent, since: datetime, until: datetime) -> Iterable[Occurrence]:
    zone = ZoneInfo(event.time_zone)
    removed = {start_instant(wall, zone) for wall in event.without}
    table = Timetable(zone, event.start, event.end, event.recurrence)
    return (one for one in occurrences(table, since, until) if one.from_at not in removed)


def on_call(
    events: Sequence[RotaEvent], overrides: Sequence[RotaOverride], reachable: Reachable, at: datetime
) -> OnCall:
    """Who is on call at this moment."""
    around = shifts(events, overrides, at - _INSTANT, at + _AHEAD)
    borders = [moment for one in around for moment in (one.from_at, one.to_at) if moment > at]
    found = who_takes([one for one in around if one.holds(at)], reachable)
    return found._replace(until=min(borders, default=None))


def who_takes(now: Sequence[Shift], reachable: Reachable) -> OnCall:
    """Who is on call while these hold: the override that was made last wins over others and over the calendar."""
    override = max((one.override for one in now if one.override is not None), key=lambda one: one.id, default=None)
    if override is not None:
        people = () if override.person is None else (override.person,)
        channels = () if override.channel is None else (override.channel,)
        return OnCall(Source.OVERRIDE, people, channels)
    people_found: dict[int, OnCallPerson] = {}
    channels_found: dict[int, NamedChannel] = {}
    unknown: list[str] = []
    for one in now:
        if one.event is None:
            continue
        persons, channel = named(one.event, reachable)
        people_found |= {person.id: person for person in persons}
        if channel is not None:
            channels_found[channel.id] = channel
        if not persons and channel is None:
            unknown.append(one.event.summary or "without a name")
    source = Source.CALENDAR if people_found or channels_found else Source.NOBODY
    return OnCall(source, tuple(people_found.values()), tuple(channels_found.values()), tuple(unknown))


def named(event: RotaEvent, reachable: Reachable) -> tuple[list[OnCallPerson], NamedChannel | None]:
    """Who takes a shift: the people whose addresses it names, else the channel whose name is its title."""
    persons = [reachable.people[email] for email in event.emails if email in reachable.people]
    return persons, None if persons else reachable.channel_called(event.summary)


def check_year(moment: datetime, field: str) -> None:
    """Every clock must be able to show the moment, and what is a month before and after it. Raises InvalidError."""
    if not EARLIEST.year <= moment.year < LATEST.year:
        raise InvalidError(field, f"must be between {EARLIEST.year} and {LATEST.year}")


def check_override(from_at: datetime, to_at: datetime) -> None:
    """Raises InvalidError."""
    for field, moment in (("from", from_at), ("to", to_at)):
        check_year(moment, field)
    if to_at <= from_at:
        raise InvalidError("to", "must be after from")
    if to_at - from_at > LONGEST:
        raise InvalidError("to", f"must be at most {LONGEST.days} days after from")
