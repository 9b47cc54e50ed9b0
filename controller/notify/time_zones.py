"""The time zones that messages write times in."""

from __future__ import annotations

from datetime import timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | timezone:
    """UTC when the name is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.utc  # noqa: UP017 - ZoneInfo("UTC") needs a time zone database
