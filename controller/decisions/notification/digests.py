"""Decides when the digest of a channel is due, and from when on it reports. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.wall_clock import start_instant
from controller.errors import InvalidError
from controller.model.values.digest import Digest

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
LATEST = timedelta(days=1)
"""A digest that could not be made for longer is left out; the next one reports its time too."""

_NUMBERS = {name: number for number, name in enumerate(WEEKDAYS)}
_WEEK_AND_A_DAY = 9


def next_digest(digest: Digest, time_zone: str, after: datetime) -> datetime:
    """The first time after that moment, as wall clocks of the zone show it."""
    zone = ZoneInfo(time_zone)
    today = after.astimezone(zone).date()
    at = time.fromisoformat(digest.at)
    days = (today + timedelta(days=number) for number in range(-1, _WEEK_AND_A_DAY))
    if digest.frequency == "weekly":
        days = (day for day in days if day.weekday() == _NUMBERS[digest.weekday])
    instants = (start_instant(datetime.combine(day, at), zone) for day in days)
    return next(instant for instant in instants if instant > after)


def is_missed(due_at: datetime, now: datetime) -> bool:
    """Whether it is too late to send the digest that was due then."""
    return now - due_at > LATEST


def digest_words(digest: Digest) -> str:
    """For example "weekly on Monday at 08:00"."""
    day = f" on {WEEKDAYS[digest.weekday]}" if digest.frequency == "weekly" else ""
    return f"{digest.frequency}{day} at {digest.at}, organization's time"


def check_digest(stored: dict[str, Any] | None, type_: str, *, for_ops: bool) -> None:
    """Raises InvalidError."""
    if stored is None:
        return
    if type_ != "email":
        raise InvalidError("digest", "may be set only for channels of the type email")
    if for_ops:
        raise InvalidError("digest", "may not be set for a channel of notices about the installation")
    try:
        msgspec.convert(stored, Digest)
    except msgspec.ValidationError:
        raise InvalidError("digest", "must have a frequency, daily or weekly, a time as 08:00 and a weekday") from None
