"""Checks that passed and have their dialogue, to compare a failed one with. Blocks hold neither failed
checks nor dialogues, so rows are all there is to read.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from controller.model import CheckRecord
from controller.store.checks.history import check_record
from controller.store.platform.pool import Connection


async def last_good(
    connection: Connection,
    monitor_id: int,
    public_id: UUID,
    *,
    location_id: int,
    due_at: datetime,
    changed_at: datetime,
) -> CheckRecord | None:
    """The last good check to compare a check with: one from before it, else one of its own location, else any. The
    target must have been the same: both were due before it changed last, or both were not.
    """
    row = await connection.fetchrow(
        """
        SELECT location_id, location.code AS location_code, location.name AS location_name, location.country_code,
          purpose, 'success' AS status, due_at, started_at, duration_ms, agent, address, NULL AS failure, phases,
          warnings, facts, transcript, NULL AS loop_lag_ms, NULL AS kernel_rtt_ms, false AS login_withheld,
          NULL AS detail, false AS rounded
        FROM last_good JOIN location ON location.id = location_id
        WHERE monitor_id = $1 AND (due_at >= $4) = ($3::timestamptz >= $4)
        ORDER BY due_at < $3 DESC, location_id = $2 DESC, due_at DESC LIMIT 1
        """,
        monitor_id,
        location_id,
        due_at,
        changed_at,
    )
    return check_record(public_id, row) if row else None


async def good_before(
    connection: Connection, monitor_id: int, public_id: UUID, *, location_id: int, since: datetime, until: datetime
) -> CheckRecord | None:
    """The latest check of the location in this time that passed and has its dialogue."""
    row = await connection.fetchrow(
        """
        SELECT result.*, false AS rounded, location.code AS location_code, location.name AS location_name,
          location.country_code
        FROM result JOIN location ON location.id = result.location_id
        WHERE monitor_id = $1 AND location_id = $2 AND due_at >= $3 AND due_at < $4
          AND status = 'success' AND transcript IS NOT NULL
        ORDER BY due_at DESC LIMIT 1
        """,
        monitor_id,
        location_id,
        since,
        until,
    )
    return check_record(public_id, row) if row else None


async def first_failed(
    connection: Connection, monitor_id: int, public_id: UUID, *, location_id: int, since: datetime, until: datetime
) -> CheckRecord | None:
    """The first check of the location in this time that failed. One that was triggered by hand does not count."""
    row = await connection.fetchrow(
        """
        SELECT result.*, false AS rounded, location.code AS location_code, location.name AS location_name,
          location.country_code
        FROM result JOIN location ON location.id = result.location_id
        WHERE monitor_id = $1 AND location_id = $2 AND due_at >= $3 AND due_at <= $4
          AND status = 'failure' AND purpose <> 'triggered'
        ORDER BY due_at, purpose LIMIT 1
        """,
        monitor_id,
        location_id,
        since,
        until,
    )
    return check_record(public_id, row) if row else None
