"""Due times and check ids: arithmetic with the same result in every process.

Times are whole milliseconds since the Unix epoch (UTC), durations are milliseconds.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from uuid import UUID, uuid5

_LONGEST_WAIT_MS = 60_000


class Purpose(StrEnum):
    """Why a check runs.

    A canary is of no monitor: it shows that requests and results get through, and is in no history and no event. Nor is
    a trial, which shows somebody what a check of settings that no monitor has finds out.
    """

    SCHEDULED = "scheduled"
    TRIGGERED = "triggered"
    RECHECK = "recheck"
    CANARY = "canary"
    TRIAL = "trial"


RECORDED = tuple(purpose for purpose in Purpose if purpose not in {Purpose.CANARY, Purpose.TRIAL})
"""The purposes of checks that are in the history and in events."""


def phase_hash(monitor: UUID) -> int:
    """A 64-bit hash that determines when a monitor's rounds are due, so that load spreads evenly."""
    return int.from_bytes(blake2b(monitor.bytes, digest_size=8).digest())


def phase_ms(monitor: UUID, interval_ms: int) -> int:
    """The offset of a monitor's rounds within its interval."""
    return phase_hash(monitor) % interval_ms


def next_due_ms(monitor: UUID, interval_ms: int, first_due_ms: int, after_ms: int) -> int:
    """The first due time later than `after_ms` of a monitor whose first round is due at `first_due_ms`."""
    if first_due_ms > after_ms:
        return first_due_ms
    phase = phase_ms(monitor, interval_ms)
    return ((after_ms - phase) // interval_ms + 1) * interval_ms + phase


def last_due_ms(monitor: UUID, interval_ms: int, first_due_ms: int, until_ms: int) -> int | None:
    """The latest due time not later than `until_ms`; None if the first round is not due yet."""
    if until_ms < first_due_ms:
        return None
    phase = phase_ms(monitor, interval_ms)
    return max(first_due_ms, (until_ms - phase) // interval_ms * interval_ms + phase)


def start_by_ms(due_ms: int, interval_ms: int) -> int:
    """The latest time at which an agent may begin: half an interval after the due time, at most 60 s after it."""
    return due_ms + min(interval_ms // 2, _LONGEST_WAIT_MS)


def check_id(monitor: UUID, due_ms: int, location: str, purpose: Purpose) -> UUID:
    """The id of a check. Every process computes the same one (UUIDv5, RFC 9562 section 5.5)."""
    return uuid5(monitor, f"{due_ms}:{location}:{purpose.value}")
