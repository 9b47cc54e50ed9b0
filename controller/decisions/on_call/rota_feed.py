"""Who is on call in a rota, as a calendar (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from icalendar import Calendar, Event

from controller.decisions.on_call.periods import OnCallPeriod
from controller.decisions.on_call.rota import Source


def calendar_of_periods(periods: Iterable[OnCallPeriod], name: str, rota: UUID, link: str, at: datetime) -> bytes:
    """An event for each period in which somebody is on call, whose SUMMARY says who: another rota can read it as its
    calendar. `link` is the page of the rota, `at` the moment as of which all this holds.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Mailprobe//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"On call: {name}")
    for one in periods:
        if one.who.names:
            calendar.add_component(_event(one, name, rota, link, at))
    return bytes(calendar.to_ical())


def _event(period: OnCallPeriod, name: str, rota: UUID, link: str, at: datetime) -> Event:
    event, begins = Event(), _utc(period.from_at)
    event.add("uid", f"{rota}-{begins:%Y%m%dT%H%M%SZ}")
    event.add("dtstamp", _utc(at))
    event.add("dtstart", begins)
    event.add("dtend", _utc(period.to_at))
    event.add("summary", ", ".join(period.who.names))
    by_override = ", by an override" if period.who.source is Source.OVERRIDE else ""
    event.add("description", f"On call in {name}{by_override}.\n{link}")
    event.add("url", link)
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["On call"])
    return event


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
