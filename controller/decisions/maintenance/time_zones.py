"""Names of time zones. Pure."""

from __future__ import annotations

from zoneinfo import available_timezones

from controller.errors import InvalidError


def check_time_zone(name: str, *, field: str = "timeZone") -> None:
    """Raises InvalidError."""
    if name not in available_timezones():
        raise InvalidError(field, "must be the name of a time zone, as Europe/Berlin")
