"""The stored results of a monitor, as people and APIs read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model import CheckRecord
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import PhaseTiming, ResultStatus, TranscriptLine
from shared.wire.rounds import Purpose, check_id

_COLUMNS = tuple(name for name in CheckRecord.__struct_fields__ if name != "check_id")


_LATEST = """
SELECT result.due_at, result.location_id, purpose, status, duration_ms, started_at, agent, address, failure, warnings,
  facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld, detail, rounded,
  COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps)) AS phases,
  location.code AS location_code, location.name AS location_name, location.country_code
FROM (SELECT newest_since($1, '-infinity', 'infinity', NULL, NULL, NULL, $2::bigint) AS at OFFSET 0) AS begun
CROSS JOIN LATERAL results_of($1, begun.at, 'infinity') AS result
JOIN location ON location.id = result.location_id
ORDER BY result.due_at DESC, result.location_id DESC, result.purpose DESC LIMIT $2
"""


async def check_history(database: Database, monitor_id: int, public_id: UUID, *, limit: int) -> list[CheckRecord]:
    """The latest results from every location, newest round first."""
    async with database.connection() as connection:
        rows = await connection.fetch(_LATEST, monitor_id, limit)
    return [check_record(public_id, row) for row in rows]


async def failed_checks(
    connection: Connection,
    monitor_id: int,
    public_id: UUID,
    since: datetime,
    until: datetime,
    *,
    limit: int,
    latest: bool = False,
) -> list[CheckRecord]:
    """The first failed checks that were due in this time, in order; with `latest` the last ones, newest first."""
    statement = _LAST_FAILED if latest else _FIRST_FAILED
    rows = await connection.fetch(statement, monitor_id, since, until, limit)
    return [check_record(public_id, row) for row in rows]


# A check that somebody triggered by hand has no vote. No failed check is ever in a block.
_FIRST_FAILED = """
SELECT result.*, false AS rounded, location.code AS location_code, location.name AS location_name,
  location.country_code
FROM result JOIN location ON location.id = result.location_id
WHERE monitor_id = $1 AND due_at BETWEEN $2 AND $3 AND purpose <> 'triggered' AND status = 'failure'
ORDER BY result.due_at, result.location_id, result.purpose LIMIT $4
"""
_LAST_FAILED = """
SELECT result.*, false AS rounded, location.code AS location_code, location.name AS location_name,
  location.country_code
FROM result JOIN location ON location.id = result.location_id
WHERE monitor_id = $1 AND due_at BETWEEN $2 AND $3 AND purpose <> 'triggered' AND status = 'failure'
ORDER BY result.due_at DESC, result.location_id DESC, result.purpose DESC LIMIT $4
"""


async def count_failed_checks(
    connection: Connection, monitor_id: int, since: datetime, until: datetime, *, at_most: int
) -> int:
    """How many checks failed that were due in this time; counted up to `at_most`."""
    failed: int = await connection.fetchval(
        """
        SELECT count(*) FROM (
          SELECT FROM result
          WHERE monitor_id = $1 AND due_at BETWEEN $2 AND $3 AND purpose <> 'triggered' AND status = 'failure' LIMIT $4
        ) AS failed
        """,
        monitor_id,
        since,
        until,
        at_most,
    )
    return failed


async def recovered_checks(
    connection: Connection, monitor_id: int, public_id: UUID, since: datetime, until: datetime, *, limit: int
) -> tuple[list[CheckRecord], int]:
    """For the locations that failed in this time, the checks that passed after the last failure there, in order, and
    their total number.
    """
    rows = await connection.fetch(
        """
        WITH failed AS (
          SELECT location_id, max(due_at) AS last_at FROM result
          WHERE monitor_id = $1 AND due_at BETWEEN $2 AND $3 AND purpose <> 'triggered' AND status = 'failure'
          GROUP BY location_id
        )
        SELECT result.monitor_id, result.due_at, result.location_id, purpose, status, duration_ms, started_at, agent,
          address, failure, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld, detail, rounded,
          COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps)) AS phases,
          location.code AS location_code, location.name AS location_name, location.country_code,
          count(*) OVER () AS total
        FROM results_of($1, $2, $3::timestamptz + interval '1 millisecond') AS result
        JOIN location ON location.id = result.location_id
        JOIN failed ON failed.location_id = result.location_id AND result.due_at > failed.last_at
        WHERE result.due_at <= $3 AND result.purpose <> 'triggered' AND result.status = 'success'
        ORDER BY result.due_at, result.location_id, result.purpose LIMIT $4
        """,
        monitor_id,
        since,
        until,
        limit,
    )
    return [check_record(public_id, row) for row in rows], rows[0]["total"] if rows else 0


def check_record(public_id: UUID, row: Any) -> CheckRecord:
    """A row of the table `result` (more columns do no harm) with its location's code, name and country."""
    values = {name: row[name] for name in _COLUMNS}
    values["purpose"] = purpose = Purpose(row["purpose"])
    values["status"] = ResultStatus(row["status"])
    values["failure"] = msgspec.convert(row["failure"], Failure | None)
    values["phases"] = msgspec.convert(row["phases"], list[PhaseTiming])
    values["warnings"] = msgspec.convert(row["warnings"] or [], list[CheckWarning])
    values["facts"] = row["facts"] or {}
    values["transcript"] = msgspec.convert(row["transcript"] or [], list[TranscriptLine])
    identity = check_id(public_id, to_ms(row["due_at"]), row["location_code"], purpose)
    return CheckRecord(check_id=identity, **values)
