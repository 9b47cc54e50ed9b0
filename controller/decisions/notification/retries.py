"""When a notification that could not be sent is tried again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from controller.errors import InvalidError

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


MOST_RETRIES = 10
LONGEST_RETRY_DELAY = 3600
_USUAL_RETRIES = 3
_USUAL_DELAY = 60
"""Of a webhook whose channel says only one of the two, as Uptimeify documents them."""


class OwnRetries(NamedTuple):
    """How often a channel's config wants what failed to be tried again, and after how long each time."""

    times: int
    pause: timedelta


def own_retries(type_: str, config: Mapping[str, Any]) -> OwnRetries | None:
    """None for a channel that leaves this to us. A value that is not valid counts as none."""
    times = _number(config.get("retryAttempts"), range(MOST_RETRIES + 1))
    delay = _number(config.get("retryDelay"), range(1, LONGEST_RETRY_DELAY + 1))
    if type_ != "webhook" or (times is None and delay is None):
        return None
    return OwnRetries(
        _USUAL_RETRIES if times is None else times, timedelta(seconds=_USUAL_DELAY if delay is None else delay)
    )


def check_retries(config: Mapping[str, Any]) -> None:
    """Raises InvalidError."""
    if config.get("retryAttempts") is not None and _number(config["retryAttempts"], range(MOST_RETRIES + 1)) is None:
        raise InvalidError("config.retryAttempts", f"must be a whole number from 0 to {MOST_RETRIES}")
    delays = range(1, LONGEST_RETRY_DELAY + 1)
    if config.get("retryDelay") is not None and _number(config["retryDelay"], delays) is None:
        raise InvalidError("config.retryDelay", f"must be a whole number of seconds from 1 to {LONGEST_RETRY_DELAY}")


def _number(value: Any, allowed: range) -> int | None:
    return value if type(value) is int and value in allowed else None


def pause_after(attempts: int, own: OwnRetries | None = None) -> timedelta | None:
    """How long to wait after so many attempts, including the last one; None when there is no further attempt. `own`
    are the channel's, in place of ours.
    """
    if own is not None:
        return own.pause if attempts <= own.times else None
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
