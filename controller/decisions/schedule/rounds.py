"""Which rounds are due, and which checks a round consists of. Pure: the clock is an argument.

Moments are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from controller.decisions.schedule.eligibility import Readiness
from controller.decisions.schedule.suspension import Suspension
from controller.decisions.sql_function import SqlFunction
from controller.model import GapReason, Location, ScheduledMonitor
from shared.epoch import to_ms
from shared.wire.rounds import Purpose, next_due_ms, start_by_ms

SLOT_MS = 100
"""Rounds are dispatched in slots of this length, so a round is at most this late by design."""

CATCH_UP_MS = 100_000
"""Rounds older than this are never requested one by one; they become one gap for each monitor and location."""

UNSEEN_CHANGE_MS = 30_000
"""How long before its watermark a leader that died may have missed a committed change."""


RECHECK_SECONDS = 10
"""How long after a failing result a recheck of it is due."""


class Recheck(NamedTuple):
    """A second check of what the round due at `round_due_ms` found; `location_ids` None are all of the monitor's."""

    id: int
    monitor_id: int
    round_due_ms: int
    due_ms: int
    location_ids: list[int] | None


class Wheel:
    """When each key is due, in slots of SLOT_MS. Put, remove and take cost the same for any number of keys."""

    def __init__(self, start_ms: int) -> None:
        self._next_slot = start_ms // SLOT_MS
        self._slots: dict[int, list[int]] = {}
        self._due: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._due)

    def put(self, key: int, due_ms: int) -> None:
        """Make `key` due at that moment and no other; a past moment is due in the next slot taken."""
        self._due[key] = due_ms
        self._slots.setdefault(max(due_ms // SLOT_MS, self._next_slot), []).append(key)

    def remove(self, key: int) -> None:
        self._due.pop(key, None)

    def take(self, until_ms: int) -> list[tuple[int, int]]:
        """Remove and return (key, due moment) of all slots that end not later than `until_ms`, slot by slot."""
        taken: list[tuple[int, int]] = []
        end = until_ms // SLOT_MS
        for slot in range(self._next_slot, end):
            slot_end = (slot + 1) * SLOT_MS
            for key in self._slots.pop(slot, ()):
                due_ms = self._due.get(key)
                # A key that was put again since is in a later slot as well, and is taken from there.
                if due_ms is not None and due_ms < slot_end:
                    del self._due[key]
                    taken.append((key, due_ms))
        self._next_slot = max(self._next_slot, end)
        return taken


class PlannedCheck(NamedTuple):
    monitor: ScheduledMonitor
    due_ms: int
    location: Location
    purpose: Purpose
    want_transcript: bool = False


class MissedCheck(NamedTuple):
    """A check that cannot be requested."""

    monitor_id: int
    due_ms: int
    location_id: int
    reason: GapReason
    purpose: Purpose = Purpose.SCHEDULED


class Round(NamedTuple):
    checks: list[PlannedCheck]
    missed: list[MissedCheck]


def plan_round(
    monitor: ScheduledMonitor,
    due_ms: int,
    locations: Iterable[Location],
    readiness: Readiness,
    now_ms: int,
    *,
    purpose: Purpose = Purpose.SCHEDULED,
    want_transcript: bool = False,
    suspended: bool = False,
) -> Round:
    """Plan a check at each of these locations that is ready for it, as long as it may still begin; the others are
    missed. All are when a maintenance window suspends checks at the due moment.
    """
    too_late = now_ms >= start_by_ms(due_ms, monitor.interval_seconds * 1000)
    checks: list[PlannedCheck] = []
    missed: list[MissedCheck] = []
    for location in locations:
        if suspended:
            missed.append(MissedCheck(monitor.id, due_ms, location.id, GapReason.MAINTENANCE, purpose))
        elif too_late:
            missed.append(MissedCheck(monitor.id, due_ms, location.id, GapReason.LATE, purpose))
        elif location.id not in readiness.ready:
            missed.append(MissedCheck(monitor.id, due_ms, location.id, _not_ready(location, readiness), purpose))
        else:
            checks.append(PlannedCheck(monitor, due_ms, location, purpose, want_transcript))
    return Round(checks, missed)


def _not_ready(location: Location, readiness: Readiness) -> GapReason:
    if location.id in readiness.unfit:
        return GapReason.UNFIT
    return GapReason.KIND_UNKNOWN if location.id in readiness.kind_unknown else GapReason.NO_AGENT


def first_due_ms(monitor: ScheduledMonitor) -> int:
    """The moment of a monitor's first round: when its target was set or changed last."""
    return to_ms(monitor.target_changed_at)


def due_after_ms(monitor: ScheduledMonitor, after_ms: int) -> int:
    """The next due moment later than `after_ms`."""
    return next_due_ms(monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), after_ms)


def is_due(monitor: ScheduledMonitor, due_ms: int) -> bool:
    """Whether one of the monitor's rounds is due at that moment."""
    return due_after_ms(monitor, due_ms - 1) == due_ms


# The hash (shared.wire.rounds.phase_hash) comes in halves, because products of its 64 bits would not fit.
IS_DUE = SqlFunction(
    "is_due(timestamptz, bigint, timestamptz, integer, bigint, bigint)",
    """
CREATE OR REPLACE FUNCTION is_due(
  due_at timestamptz, due_ms bigint, first_due_at timestamptz, interval_seconds integer,
  hash_high bigint, hash_low bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT due_at = first_due_at OR (
    due_at > first_due_at AND (
      due_ms - (hash_high * (4294967296 % (interval_seconds * 1000::bigint)) + hash_low)
        % (interval_seconds * 1000::bigint)
    ) % (interval_seconds * 1000::bigint) = 0
  )
$$
""",
)
"""is_due in SQL, for a due moment that is also given in epoch milliseconds."""


def resume_ms(monitor: ScheduledMonitor, watermark_ms: int) -> int:
    """The moment at which a new leader resumes a monitor.

    A first round shortly before the watermark is requested again: the leader that died may not have received the change
    that made it due, and if it had, the check ids are the same.
    """
    first = first_due_ms(monitor)
    if watermark_ms - UNSEEN_CHANGE_MS < first:
        return first
    return due_after_ms(monitor, watermark_ms)


def due_on_change_ms(old: ScheduledMonitor | None, new: ScheduledMonitor, until_ms: int) -> int:
    """The next due moment of a created or changed monitor, when rounds until `until_ms` are already planned."""
    if old is None or first_due_ms(old) != first_due_ms(new):
        return first_due_ms(new)
    return due_after_ms(new, until_ms)


def is_overtaken(recheck: Recheck, monitor: ScheduledMonitor, suspensions: Sequence[Suspension] = ()) -> bool:
    """Whether the next regular round with checks comes not later than the recheck, which then adds nothing."""
    due_ms = due_after_ms(monitor, recheck.round_due_ms)
    while due_ms <= recheck.due_ms:
        suspended = next((one for one in suspensions if one.holds(due_ms)), None)
        if suspended is None:
            return True
        if suspended.to_ms is None:
            return False
        due_ms = due_after_ms(monitor, suspended.to_ms - 1)
    return False
