"""Planned checks, which are written down before they are published, and the gaps for those that bring no result.

A check is settled once no result can arrive any more (late ones apart): it has a result, or it becomes a gap. Storing a
result and settling exclude each other by an advisory lock, so that a check never has both. A new gap causes an
evaluation of its monitor, unless it is already known that the location is blind, or the gap is due to our own lateness
or to planned maintenance, which makes no location blind either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from controller.model import GapReason
from controller.model.retention import DETAIL_DAYS
from controller.store.events.announcing import RecordedGap, gaps_recorded
from controller.store.locations import blind_periods
from controller.store.locations.blind_periods import Blinded
from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime
from shared.wire.rounds import Purpose

_BATCHES_AT_ONCE = 50
_GRAIN_MS = 5_000
_NOT_EVALUATED = [GapReason.LATE.value, GapReason.MAINTENANCE.value]


class Expected(NamedTuple):
    """A planned check that must end as a result, or else as a gap with this reason, soon after `settle_ms`."""

    monitor_id: int
    due_ms: int
    location_id: int
    purpose: Purpose
    reason: GapReason
    settle_ms: int


async def insert_expected(connection: Connection, expected: Iterable[Expected]) -> None:
    """Store planned checks, one row for all that are due in the same second and settle within the same few seconds."""
    batches: dict[tuple[int, datetime, Purpose, GapReason], list[Expected]] = defaultdict(list)
    for check in expected:
        settle, due = -(-check.settle_ms // _GRAIN_MS), second_of(to_datetime(check.due_ms))
        batches[settle, due, check.purpose, check.reason].append(check)
    await connection.executemany(
        "INSERT INTO dispatch (settle_at, due_second, monitor_ids, due_ats, location_ids, purpose, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            (
                to_datetime(max(check.settle_ms for check in batch)),
                due,
                [check.monitor_id for check in batch],
                [to_datetime(check.due_ms) for check in batch],
                [check.location_id for check in batch],
                purpose.value,
                reason.value,
            )
            for (_, due, purpose, reason), batch in batches.items()
        ],
    )


def second_of(due_at: datetime) -> datetime:
    """The whole second under which planned checks are found again."""
    return due_at.replace(microsecond=0)


async def expect(db: Database, expected: Sequence[Expected]) -> None:
    """Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await insert_expected(connection, expected)


_SETTLE = """
WITH settled AS (
  DELETE FROM dispatch WHERE id IN (
    SELECT id FROM dispatch WHERE settle_at <= now() ORDER BY settle_at LIMIT $1
  ) RETURNING monitor_ids, due_ats, location_ids, purpose, reason
), missing AS (
  INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)
  SELECT expected.monitor_id, expected.due_at, expected.due_at, expected.location_id, settled.purpose, settled.reason
  FROM settled, unnest(settled.monitor_ids, settled.due_ats, settled.location_ids)
    AS expected (monitor_id, due_at, location_id)
  WHERE expected.due_at > now() - make_interval(days => $2) AND NOT EXISTS (
    SELECT FROM result
    WHERE result.monitor_id = expected.monitor_id AND result.due_at = expected.due_at
      AND result.location_id = expected.location_id AND result.purpose = settled.purpose
  ) AND CASE WHEN settled.purpose = 'scheduled' AND expected.due_at < now() - interval '1 hour'
    THEN NOT is_folded(expected.monitor_id, expected.location_id, expected.due_at) ELSE true END
  ON CONFLICT DO NOTHING
  RETURNING monitor_id, from_at AS due_at, location_id, purpose, reason
), noted AS (
  INSERT INTO evaluation (monitor_id, due_at, purpose, ripe_at, check_at)
  SELECT DISTINCT missing.monitor_id, missing.due_at, missing.purpose,
    ripe_at(missing.due_at, now(), interval_seconds, timeout_seconds, evaluation_deadline_seconds, retry_on_failure),
    now()
  FROM missing
  JOIN monitor ON monitor.id = missing.monitor_id
  LEFT JOIN monitor_state ON monitor_state.monitor_id = missing.monitor_id
  LEFT JOIN evaluation ON evaluation.monitor_id = missing.monitor_id AND evaluation.due_at = missing.due_at
    AND evaluation.purpose = missing.purpose
  WHERE missing.purpose <> 'triggered' AND missing.reason <> ALL ($3)
    AND now() < history_at(missing.due_at, interval_seconds, timeout_seconds, evaluation_deadline_seconds)
    AND missing.due_at >= monitor.target_changed_at AND monitor.status <> 'disabled' AND monitor.deleted_at IS NULL
    AND is_gap_worth(
      monitor_state.verdict, monitor_state.stable, evaluation.monitor_id IS NOT NULL,
      missing.location_id = ANY (monitor_state.blind_ids)
    )
    AND NOT EXISTS (
      SELECT FROM retry WHERE retry.monitor_id = missing.monitor_id AND retry.due_at = missing.due_at
        AND retry.location_id = missing.location_id AND missing.purpose = 'recheck'
    )
  ORDER BY 1, 2, 3
  ON CONFLICT (monitor_id, due_at, purpose) DO UPDATE SET check_at = EXCLUDED.check_at
)
SELECT (SELECT count(*) FROM settled) AS batches, blinded.*
FROM (VALUES (true)) AS always LEFT JOIN (
  SELECT location_id, reason, min(due_at) AS from_at, max(blind_until(due_at, interval_seconds)) AS to_at,
    max(due_at) AS missed_at, count(*) AS checks, array_agg(monitor_id) AS monitor_ids, array_agg(due_at) AS firsts,
    array_agg(due_at) AS lasts, array_agg(purpose::text) AS purposes
  FROM missing JOIN monitor ON monitor.id = missing.monitor_id GROUP BY location_id, reason
) AS blinded ON true
"""


async def settle(db: Database) -> tuple[bool, dict[str, int]]:
    """Settle what is due; return whether there may be more, and how many gaps were recorded for which reason.

    Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM dispatch WHERE settle_at <= now())"):
            return False, {}
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.SETTLE)
        rows = await connection.fetch(_SETTLE, _BATCHES_AT_ONCE, DETAIL_DAYS - 1, _NOT_EVALUATED)
        missing = [row for row in rows if row["location_id"] is not None]
        await blind_periods.extend(connection, _blinded(missing))
        await gaps_recorded(connection, list(_recorded(missing)))
    gaps: Counter[str] = Counter()
    for row in missing:
        gaps[row["reason"]] += row["checks"]
    return rows[0]["batches"] == _BATCHES_AT_ONCE, gaps


class GapRange(NamedTuple):
    """Rounds from the first to the last of these moments that were never planned."""

    monitor_id: int
    first: datetime
    last: datetime
    location_ids: list[int]


async def insert_gap_ranges(
    connection: Connection, ranges: Sequence[GapRange], reason: GapReason = GapReason.LATE
) -> None:
    """Store one gap for each monitor and location. One that begins at the same moment gets the later end."""
    rows = [(gap, location) for gap in ranges for location in gap.location_ids]
    missing = await connection.fetch(
        _INSERT_RANGES,
        [gap.monitor_id for gap, _ in rows],
        [gap.first for gap, _ in rows],
        [gap.last for gap, _ in rows],
        [location for _, location in rows],
        reason.value,
    )
    await blind_periods.extend(connection, _blinded(missing))
    await gaps_recorded(connection, list(_recorded(missing)))


def _blinded(rows: Iterable[Any]) -> list[Blinded]:
    """Nobody tried the checks that maintenance suspended, so they say nothing of their locations."""
    return [
        Blinded(row["location_id"], row["reason"], row["from_at"], row["to_at"], row["missed_at"], row["checks"])
        for row in rows
        if row["reason"] != GapReason.MAINTENANCE
    ]


def _recorded(rows: Iterable[Any]) -> Iterator[RecordedGap]:
    """The gaps of all locations and reasons."""
    for row in rows:
        gaps = zip(row["monitor_ids"], row["purposes"], row["firsts"], row["lasts"], strict=True)
        for monitor, purpose, first, last in gaps:
            yield RecordedGap(monitor, row["location_id"], purpose, row["reason"], first, last)


_INSERT_RANGES = """
WITH range AS (
  SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::int[])
    AS range (monitor_id, from_at, to_at, location_id)
), missing AS (
  INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)
  SELECT monitor_id, from_at, to_at, location_id, 'scheduled', $5 FROM range
  ON CONFLICT (monitor_id, from_at, location_id, purpose) DO UPDATE SET to_at = EXCLUDED.to_at
  WHERE gap.to_at < EXCLUDED.to_at
  RETURNING monitor_id, from_at, to_at, location_id, purpose, reason
), blinded AS (
  SELECT location_id, reason, min(due_at) AS from_at, max(blind_until(due_at, interval_seconds)) AS to_at,
    max(due_at) AS missed_at, count(*) AS checks
  FROM missing JOIN monitor ON monitor.id = missing.monitor_id, LATERAL (VALUES (from_at), (to_at)) AS edge (due_at)
  GROUP BY location_id, reason
), listed AS (
  SELECT location_id, reason, array_agg(monitor_id) AS monitor_ids, array_agg(from_at) AS firsts,
    array_agg(to_at) AS lasts, array_agg(purpose::text) AS purposes
  FROM missing GROUP BY location_id, reason
)
SELECT * FROM blinded JOIN listed USING (location_id, reason)
"""


async def close_gaps(connection: Connection, rows: Sequence[Any]) -> None:
    """Remove the gaps of the checks of these rows, which have results now."""
    if rows:
        await connection.execute(
            """
            DELETE FROM gap USING unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::check_purpose[])
              AS closed (monitor_id, due_at, location_id, purpose)
            WHERE gap.monitor_id = closed.monitor_id AND gap.from_at = closed.due_at AND gap.to_at = closed.due_at
              AND gap.location_id = closed.location_id AND gap.purpose = closed.purpose
            """,
            [row["monitor_id"] for row in rows],
            [row["due_at"] for row in rows],
            [row["location_id"] for row in rows],
            [row["purpose"] for row in rows],
        )
