"""Epoch milliseconds, which messages and decisions reckon with, and aware datetimes, which people and PostgreSQL
read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(moment_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=moment_ms)


def to_text(moment: datetime) -> str:
    """The one way to write a time for others: RFC 3339, UTC, milliseconds (rounded down)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
