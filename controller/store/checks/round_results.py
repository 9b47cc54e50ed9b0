"""One round of a monitor: what every location found, which checks are missing, and what came before and after."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.model import CheckRecord
from controller.model.checks import CheckPlace, MissingCheck
from controller.store.checks.dispatch import second_of
from controller.store.checks.history import check_record
from controller.store.platform.pool import Connection
from shared.epoch import to_ms
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, check_id

SEARCHED = timedelta(days=7)
"""How far away the check before and the one after are searched."""


async def round_results(
    connection: Connection, monitor_id: int, public_id: UUID, due_at: datetime, *, limit: int
) -> list[CheckRecord]:
    """All results of the checks that were due at this moment, by country."""
    rows = await connection.fetch(
        """
        SELECT result.monitor_id, result.due_at, result.location_id, purpose, status, duration_ms, started_at, agent,
          address, failure, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld, detail, rounded,
          COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps)) AS phases,
          location.code AS location_code, location.name AS location_name, location.country_code
        FROM results_of($1, $2, $2::timestamptz + interval '1 millisecond') AS result
        JOIN location ON location.id = result.location_id
        WHERE result.due_at = $2
        ORDER BY location.country_code, location.code, result.purpose LIMIT $3
        """,
        monitor_id,
        due_at,
        limit,
    )
    return [check_record(public_id, row) for row in rows]


async def due_of(
    connection: Connection, monitor_id: int, public_id: UUID, check: UUID, *, rows: int
) -> datetime | None:
    """When this check was due, if it is among so many latest results of the monitor."""
    for due_at, code, purpose in await connection.fetch(
        """
        SELECT due_at, code, purpose
        FROM (SELECT newest_since($1, '-infinity', 'infinity', NULL, NULL, NULL, $2::bigint) AS at OFFSET 0) AS begun
        CROSS JOIN LATERAL results_of($1, begun.at, 'infinity') AS result
        JOIN location ON location.id = location_id
        ORDER BY due_at DESC LIMIT $2
        """,
        monitor_id,
        rows,
    ):
        if check_id(public_id, to_ms(due_at), code, Purpose(purpose)) == check:
            found: datetime = due_at
            return found
    return None


async def missing_checks(connection: Connection, monitor_id: int, due_at: datetime) -> list[MissingCheck]:
    """The checks that were due at this moment and have no result."""
    rows = await connection.fetch(
        """
        WITH missing AS (
          SELECT location_id, purpose, reason FROM gap WHERE monitor_id = $1 AND from_at = $2 AND to_at = from_at
          UNION
          SELECT location_id, purpose, reason FROM gap
          WHERE monitor_id = $1 AND to_at > from_at AND from_at <= $2 AND to_at >= $2
          UNION
          SELECT planned.location_id, dispatch.purpose, NULL
          FROM dispatch, unnest(monitor_ids, due_ats, location_ids) AS planned (monitor_id, due_at, location_id)
          WHERE due_second = $3 AND planned.monitor_id = $1 AND planned.due_at = $2
        )
        SELECT DISTINCT ON (location.country_code, location.code, purpose)
          location.code, location.name, location.country_code, purpose, reason
        FROM missing JOIN location ON location.id = location_id
        WHERE NOT EXISTS (
          SELECT FROM results_of($1, $2, $2::timestamptz + interval '1 millisecond') AS result
          WHERE result.due_at = $2 AND result.location_id = missing.location_id AND result.purpose = missing.purpose
        )
        ORDER BY location.country_code, location.code, purpose, reason
        """,
        monitor_id,
        due_at,
        second_of(due_at),
    )
    return [
        MissingCheck(row["code"], row["name"], row["country_code"], Purpose(row["purpose"]), row["reason"])
        for row in rows
    ]


async def before_and_after(
    connection: Connection, monitor_id: int, public_id: UUID, check: CheckRecord
) -> tuple[CheckPlace | None, CheckPlace | None]:
    """The checks before and after this one at the same location, if they are at most SEARCHED away."""
    arguments = (monitor_id, check.location_id, check.due_at, check.purpose.value)
    before = await connection.fetchrow(
        """
        SELECT due_at, purpose, status
        FROM (
          SELECT newest_since($1, $5, $3::timestamptz + interval '1 millisecond', $2, NULL, NULL, 4) AS at OFFSET 0
        ) AS begun
        CROSS JOIN LATERAL results_of($1, begun.at, $3::timestamptz + interval '1 millisecond') AS result
        WHERE location_id = $2 AND (due_at, purpose) < ($3, $4::check_purpose) AND due_at > $5
        ORDER BY due_at DESC, purpose DESC LIMIT 1
        """,
        *arguments,
        check.due_at - SEARCHED,
    )
    after = await connection.fetchrow(
        """
        SELECT due_at, purpose, status
        FROM (SELECT oldest_until($1, $3, $5, $2, NULL, NULL, 4) AS at OFFSET 0) AS ended
        CROSS JOIN LATERAL results_of($1, $3, ended.at) AS result
        WHERE location_id = $2 AND (due_at, purpose) > ($3, $4::check_purpose) AND due_at < $5
        ORDER BY due_at, purpose LIMIT 1
        """,
        *arguments,
        check.due_at + SEARCHED,
    )
    return _place(public_id, check.location_code, before), _place(public_id, check.location_code, after)


def _place(public_id: UUID, location: str, row: Any) -> CheckPlace | None:
    if row is None:
        return None
    identity = check_id(public_id, to_ms(row["due_at"]), location, Purpose(row["purpose"]))
    return CheckPlace(identity, row["due_at"], ResultStatus(row["status"]))
