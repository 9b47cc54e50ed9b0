"""When receivers are reminded of incidents that nobody has taken: with pauses that double up to a limit. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.errors import InvalidError
from controller.model.notification.on_call import Reminders

FIRST_MINUTES = 15
MAX_MINUTES = 240
MINUTES = (1, 24 * 60)
"""The shortest and the longest pause that may be set."""

_RULE = f"must be from {MINUTES[0]} to {MINUTES[1]}"
_DOUBLINGS = 12
"""After so many even the shortest pause is longer than the longest."""


class ReminderTimes(NamedTuple):
    """What holds: the organization's settings with the customer's own on top."""

    enabled: bool
    first: timedelta
    longest: timedelta


def in_force(organization: Reminders | None, customer: Reminders | None = None) -> ReminderTimes:
    enabled, first, longest = False, FIRST_MINUTES, MAX_MINUTES
    for own in (organization, customer):
        if own is not None:
            enabled = enabled if own.enabled is None else own.enabled
            first = own.first_minutes or first
            longest = own.max_minutes or longest
    return ReminderTimes(enabled, timedelta(minutes=first), timedelta(minutes=max(first, longest)))


def next_reminder(times: ReminderTimes, already: int, last_at: datetime) -> datetime:
    """When somebody is reminded next who was `already` so often, and was last told something at `last_at`."""
    pause: timedelta = times.first * 2 ** min(already, _DOUBLINGS)
    return last_at + min(pause, times.longest)


def check_reminders(reminders: Reminders | None, *, field: str = "reminders") -> None:
    """With the names of fields below `field`. Raises InvalidError."""
    if reminders is None:
        return
    for name, value in (("firstMinutes", reminders.first_minutes), ("maxMinutes", reminders.max_minutes)):
        if value is not None and not MINUTES[0] <= value <= MINUTES[1]:
            raise InvalidError(_named(field, name), _RULE)
    if reminders.first_minutes and reminders.max_minutes and reminders.max_minutes < reminders.first_minutes:
        raise InvalidError(_named(field, "maxMinutes"), "must not be less than firstMinutes")


def _named(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
