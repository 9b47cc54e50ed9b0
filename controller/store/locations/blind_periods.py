"""When locations were blind, by reason: updated in the transactions that record gaps and store results.

A period lasts until its last missing check's monitor is due again, for an hour at most, and ends sooner when the
location is known to see.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from controller.decisions.evaluation.blindness import LONGEST_SECONDS
from controller.model import GapReason
from controller.model.retention import DETAIL_DAYS
from controller.store.platform.pool import Connection, Database
from shared.wire.failures import FailureSource

# Two transactions at once may begin two periods that overlap; readers merge them.
_EXTEND = """
WITH blinded AS (
  SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
    AS blinded (location_id, reason, from_at, to_at, missed_at, checks)
), extended AS (
  UPDATE blind_period AS old SET from_at = LEAST(old.from_at, blinded.from_at),
    to_at = GREATEST(old.to_at, blinded.to_at), missed_at = GREATEST(old.missed_at, blinded.missed_at),
    checks = old.checks + blinded.checks
  FROM blinded
  WHERE old.id = (
    SELECT max(id) FROM blind_period AS same
    WHERE same.location_id = blinded.location_id AND same.reason = blinded.reason
      AND same.to_at >= blinded.from_at AND same.from_at <= blinded.to_at
  )
  RETURNING old.location_id, old.reason
)
INSERT INTO blind_period (location_id, reason, from_at, to_at, missed_at, checks)
SELECT location_id, reason, from_at, to_at, missed_at, checks FROM blinded
WHERE NOT EXISTS (
  SELECT FROM extended WHERE extended.location_id = blinded.location_id AND extended.reason = blinded.reason
)
"""


class BlindPeriod(NamedTuple):
    """`checks` of a location have no result, for this reason, in this time."""

    location_id: int
    reason: str
    from_at: datetime
    to_at: datetime
    checks: int


_OF_SOME_CHECKS = [
    *(GapReason.UNFIT.value, GapReason.KIND_UNKNOWN.value),
    *(FailureSource.AGENT.value, FailureSource.RESOLVER.value),
]
"""Reasons that may concern some checks only, as a blocked port does. All others are disproved by any result."""

# Rows that another transaction is changing are left to the next result, so that nobody waits for another.
_END = """
WITH sight AS (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[])
    AS sight (monitor_id, location_id, due_at, checked_at)
), ended AS (
  SELECT period.id, min(sight.checked_at) AS seen_at
  FROM blind_period AS period JOIN sight ON sight.location_id = period.location_id
    AND sight.due_at > COALESCE(period.missed_at, period.from_at)
  WHERE period.to_at > now() AND (
    period.reason <> ALL ($5) OR EXISTS (
      SELECT FROM gap WHERE gap.monitor_id = sight.monitor_id AND gap.location_id = sight.location_id
        AND gap.from_at BETWEEN GREATEST(period.from_at, sight.due_at - make_interval(secs => $6)) AND sight.due_at
        AND gap.reason = period.reason
    ) OR (
      SELECT result.failure ->> 'source' FROM result
      WHERE result.monitor_id = sight.monitor_id AND result.location_id = sight.location_id
        AND result.due_at >= GREATEST(period.from_at, sight.due_at - make_interval(secs => $6))
        AND result.due_at < sight.due_at
      ORDER BY result.due_at DESC LIMIT 1
    ) = period.reason
  )
  GROUP BY period.id
), free AS (
  SELECT id FROM blind_period WHERE id IN (SELECT id FROM ended) FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE blind_period AS old SET to_at = GREATEST(old.from_at, LEAST(old.to_at, ended.seen_at, now()))
FROM ended JOIN free USING (id) WHERE old.id = ended.id
"""

_END_DISPROVED = """
WITH ended AS (
  SELECT period.id, min(latest.checked_at) AS seen_at
  FROM blind_period AS period JOIN latest ON latest.location_id = period.location_id
    AND latest.status <> 'unknown' AND latest.due_at > period.missed_at
  WHERE period.to_at > now() AND period.reason <> ALL ($1)
  GROUP BY period.id
), free AS (
  SELECT id FROM blind_period WHERE id IN (SELECT id FROM ended) FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE blind_period AS old SET to_at = GREATEST(old.missed_at, LEAST(old.to_at, ended.seen_at, now()))
FROM ended JOIN free USING (id) WHERE old.id = ended.id
"""

_TAKE_BACK = """
WITH found AS (
  SELECT (
    SELECT max(id) FROM blind_period AS period
    WHERE period.location_id = late.location_id AND period.reason = late.reason AND period.from_at <= late.due_at
      AND COALESCE(period.missed_at, period.to_at) >= late.due_at
  ) AS id
  FROM unnest($1::int[], $2::text[], $3::timestamptz[]) AS late (location_id, reason, due_at)
), arrived AS (
  SELECT id, count(*) AS checks FROM found WHERE id IS NOT NULL GROUP BY id
), free AS (
  SELECT id FROM blind_period WHERE id IN (SELECT id FROM arrived) FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM blind_period AS old USING arrived JOIN free USING (id)
  WHERE old.id = arrived.id AND old.checks <= arrived.checks
)
UPDATE blind_period AS old SET checks = old.checks - arrived.checks
FROM arrived JOIN free USING (id) WHERE old.id = arrived.id AND old.checks > arrived.checks
"""


class Blinded(NamedTuple):
    """Checks of a location that are missing for one reason: the due moments of the first and the last of them, until
    when the location is blind, and how many they are.
    """

    location_id: int
    reason: str
    from_at: datetime
    to_at: datetime
    missed_at: datetime
    checks: int


class Sight(NamedTuple):
    """A check of a location that showed something about the mail server."""

    monitor_id: int
    location_id: int
    due_at: datetime
    checked_at: datetime


class Arrived(NamedTuple):
    """A check whose result came after it had been recorded as a gap for this reason."""

    location_id: int
    reason: str
    due_at: datetime


async def extend(connection: Connection, blinded: Collection[Blinded]) -> None:
    """Lengthen the periods that these touch, else begin new ones. A location and reason are in it once."""
    if blinded:
        await connection.execute(_EXTEND, *map(list, zip(*blinded, strict=True)))


async def end(connection: Connection, sights: Collection[Sight]) -> None:
    """End the periods that these checks disprove: they were due after the last one that was missed, and, where the
    reason may concern some checks only, they are of a monitor that was concerned: by a gap of the last hours, or by its
    result before. A period may last for weeks, so that all of its checks are too many to be read here.
    """
    if sights:
        await connection.execute(_END, *map(list, zip(*sights, strict=True)), _OF_SOME_CHECKS, 2 * LONGEST_SECONDS)


async def end_disproved(db: Database) -> None:
    """End the periods of locations of which results of later checks are known already: a check that brings none is
    recorded as missing long after it was due. It reads the latest results of all monitors, so it must not happen while
    the storing of results waits. Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        await connection.execute(_END_DISPROVED, _OF_SOME_CHECKS)


async def take_back(connection: Connection, arrived: Collection[Arrived]) -> None:
    """Count these checks as missing no more; a period in which none is missing was none."""
    if arrived:
        await connection.execute(_TAKE_BACK, *map(list, zip(*arrived, strict=True)))


async def recent(connection: Connection, since: datetime, most: int) -> list[BlindPeriod]:
    """Of each location the latest periods that had not ended by then, `most` at most, by their beginning."""
    rows = await connection.fetch(
        """
        SELECT latest.* FROM location CROSS JOIN LATERAL (
          SELECT location_id, reason, from_at, to_at, checks FROM blind_period
          WHERE location_id = location.id AND to_at > $1 ORDER BY to_at DESC LIMIT $2
        ) AS latest
        ORDER BY location_id, from_at
        """,
        since,
        most,
    )
    return [BlindPeriod(*row) for row in rows]


async def forget_old(db: Database) -> None:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM blind_period WHERE to_at < now() - make_interval(days => $1)", DETAIL_DAYS
        )
