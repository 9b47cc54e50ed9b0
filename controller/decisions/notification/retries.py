"""When a notification that could not be sent is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta

PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts, including the last one; None when there is no further attempt."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
