"""Due moments and check ids: arithmetic that every process computes alike.

Moments are whole milliseconds since the Unix epoch (UTC), durations are milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID, uuid5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_WAIT_MS = 60_000


class Purpose(StrEnum):
    """Why a check is run."""

    SCHEDULED = "scheduled"
    TRIGGERED = "triggered"
    RECHECK = "recheck"


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime; what is finer is cut off."""
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(moment_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=moment_ms)


def phase_hash(monitor: UUID) -> int:
    """What places a monitor's rounds, so that load spreads evenly: 64 bits."""
    return int.from_bytes(blake2b(monitor.bytes, digest_size=8).digest())


def phase_ms(monitor: UUID, interval_ms: int) -> int:
    """Where in its interval a monitor's rounds fall."""
    return phase_hash(monitor) % interval_ms


def next_due_ms(monitor: UUID, interval_ms: int, first_due_ms: int, after_ms: int) -> int:
    """The first due moment later than `after_ms` of a monitor whose first round is due at `first_due_ms`."""
    if first_due_ms > after_ms:
        return first_due_ms
    phase = phase_ms(monitor, interval_ms)
    return ((after_ms - phase) // interval_ms + 1) * interval_ms + phase


def last_due_ms(monitor: UUID, interval_ms: int, first_due_ms: int, until_ms: int) -> int | None:
    """The latest due moment not later than `until_ms`; None when the first round is still to come."""
    if until_ms < first_due_ms:
        return None
    phase = phase_ms(monitor, interval_ms)
    return max(first_due_ms, (until_ms - phase) // interval_ms * interval_ms + phase)


def start_by_ms(due_ms: int, interval_ms: int) -> int:
    """The latest moment an agent may begin: half an interval after the due moment, at most 60 s."""
    return due_ms + min(interval_ms // 2, _LONGEST_WAIT_MS)


def check_id(monitor: UUID, due_ms: int, location: str, purpose: Purpose) -> UUID:
    """The id of a check: the same whoever publishes, runs, resends or stores it (UUIDv5, RFC 9562 section 5.5)."""
    return uuid5(monitor, f"{due_ms}:{location}:{purpose.value}")
