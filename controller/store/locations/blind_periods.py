"""When locations were blind, by reason: updated by the statements that record gaps and store results."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.model.retention import DETAIL_DAYS
from controller.store.platform.pool import Connection, Database

_LONGEST_SECONDS = 3600

BLINDED = f"""location_id, reason, min(due_at) AS from_at,
    max(due_at + make_interval(secs => LEAST(interval_seconds, {_LONGEST_SECONDS}))) AS to_at, count(*) AS checks"""
"""The columns of a CTE `blinded`, over missing checks and grouped by location_id and reason. A missing check makes the
location blind until its monitor is due again, but for an hour at most.
"""

EXTEND = """
extended AS (
  UPDATE blind_period AS old SET from_at = LEAST(old.from_at, blinded.from_at),
    to_at = GREATEST(old.to_at, blinded.to_at), checks = old.checks + blinded.checks
  FROM blinded
  WHERE old.id = (
    SELECT max(id) FROM blind_period AS same
    WHERE same.location_id = blinded.location_id AND same.reason = blinded.reason
      AND same.to_at >= blinded.from_at AND same.from_at <= blinded.to_at
  )
  RETURNING old.location_id, old.reason
), begun AS (
  INSERT INTO blind_period (location_id, reason, from_at, to_at, checks)
  SELECT location_id, reason, from_at, to_at, checks FROM blinded
  WHERE NOT EXISTS (
    SELECT FROM extended WHERE extended.location_id = blinded.location_id AND extended.reason = blinded.reason
  )
)"""
"""CTEs after `blinded`: lengthen the period it touches, else begin one. Two transactions at once may begin two that
overlap; readers merge them.
"""


class BlindPeriod(NamedTuple):
    """`checks` of a location have no result, for this reason, in this time."""

    location_id: int
    reason: str
    from_at: datetime
    to_at: datetime
    checks: int


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
