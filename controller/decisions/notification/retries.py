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


_LONGEST_PROBE_PAUSE = timedelta(minutes=1)
_STALE = timedelta(days=2)
_OUTAGE = 3


def probe_pause(failures: int) -> timedelta:
    """How long a receiver that failed so often in a row gets nothing; then it gets one notification, which shows
    whether it works again.
    """
    return min(_LONGEST_PROBE_PAUSE, timedelta(seconds=2 ** min(failures - 1, 16)))


def is_outage(failures: int) -> bool:
    """Whether the receiver had an outage. What failed meanwhile is sent at once when it is over; after a single failure
    it is not, because the fault may lie in the notification.
    """
    return failures >= _OUTAGE


def is_stale(waited: timedelta) -> bool:
    """Whether a notification is given up that waits for a receiver which fails. This is longer than all PAUSES, for one
    whose attempts were others' turns.
    """
    return waited > _STALE
