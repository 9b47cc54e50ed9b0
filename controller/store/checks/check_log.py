"""The checks of one monitor, newest first, as lists show them: without phases, facts and dialogues."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, check_id


class LoggedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A stored check with its location; `location_id` is part of its place in the order. The duration of a
    `rounded` one is off by up to 1.25 %.
    """

    check_id: UUID
    due_at: datetime
    location_id: int
    location: str
    country: str
    purpose: Purpose
    status: ResultStatus
    started_at: datetime
    duration_ms: float
    failure: Failure | None
    warnings: list[CheckWarning]
    rounded: bool


class LogPlace(NamedTuple):
    """The place of a check in the order of the log. Rechecks of a location come after checks at the same moment."""

    due_at: datetime
    location_id: int
    purpose: Purpose


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Checks that were due in a time; None is no limit."""

    since: datetime
    until: datetime
    location: str | None = None
    status: ResultStatus | None = None
    purpose: Purpose | None = None


# Checks at the moment of the place may be on its other side, at most one of a location and purpose.
_OLDER = """
SELECT due_at, location_id, location.code AS location, location.country_code AS country, purpose, status, started_at,
  duration_ms, failure, warnings, rounded
FROM (
  SELECT newest_since(
    $1, $2, LEAST($3, $7::timestamptz + interval '1 millisecond'), (SELECT id FROM location WHERE code = $4), $5, $6,
    $10::bigint + 3 * (SELECT count(*) FROM location)
  ) AS at OFFSET 0
) AS begun
CROSS JOIN LATERAL results_of($1, begun.at, LEAST($3, $7::timestamptz + interval '1 millisecond')) AS result
JOIN location ON location.id = result.location_id
WHERE ($4::text IS NULL OR location.code = $4) AND ($5::check_status IS NULL OR status = $5)
  AND ($6::check_purpose IS NULL OR purpose = $6)
  AND ($7::timestamptz IS NULL OR (due_at, location_id, purpose) < ($7, $8::int, $9::check_purpose))
ORDER BY due_at DESC, location_id DESC, purpose DESC LIMIT $10
"""

_NEWER = """
SELECT due_at, location_id, location.code AS location, location.country_code AS country, purpose, status, started_at,
  duration_ms, failure, warnings, rounded
FROM (
  SELECT oldest_until(
    $1, GREATEST($2, $7::timestamptz), $3, (SELECT id FROM location WHERE code = $4), $5, $6,
    $10::bigint + 3 * (SELECT count(*) FROM location)
  ) AS at OFFSET 0
) AS ended
CROSS JOIN LATERAL results_of($1, GREATEST($2, $7::timestamptz), ended.at) AS result
JOIN location ON location.id = result.location_id
WHERE ($4::text IS NULL OR location.code = $4) AND ($5::check_status IS NULL OR status = $5)
  AND ($6::check_purpose IS NULL OR purpose = $6)
  AND ($7::timestamptz IS NULL OR (due_at, location_id, purpose) > ($7, $8::int, $9::check_purpose))
ORDER BY due_at, location_id, purpose LIMIT $10
"""


async def checks_before(
    connection: Connection, monitor_id: int, public_id: UUID, choice: LogFilter, place: LogPlace | None, *, limit: int
) -> list[LoggedCheck]:
    """The first checks before a place, or of all; newest first."""
    return await _checks(connection, _OLDER, monitor_id, public_id, choice, place, limit)


async def checks_after(
    connection: Connection, monitor_id: int, public_id: UUID, choice: LogFilter, place: LogPlace, *, limit: int
) -> list[LoggedCheck]:
    """The nearest checks after a place; newest first."""
    return (await _checks(connection, _NEWER, monitor_id, public_id, choice, place, limit))[::-1]


async def _checks(
    connection: Connection,
    statement: str,
    monitor_id: int,
    public_id: UUID,
    choice: LogFilter,
    place: LogPlace | None,
    limit: int,
) -> list[LoggedCheck]:
    rows = await connection.fetch(
        statement, monitor_id, *msgspec.structs.astuple(choice), *(place or (None, None, None)), limit
    )
    return [logged(public_id, row) for row in rows]


def logged(public_id: UUID, row: Any) -> LoggedCheck:
    """A row with the columns of a LoggedCheck, as stored."""
    purpose = Purpose(row["purpose"])
    return LoggedCheck(
        check_id=check_id(public_id, to_ms(row["due_at"]), row["location"], purpose),
        due_at=row["due_at"],
        location_id=row["location_id"],
        location=row["location"],
        country=row["country"],
        purpose=purpose,
        status=ResultStatus(row["status"]),
        started_at=row["started_at"],
        duration_ms=row["duration_ms"],
        failure=msgspec.convert(row["failure"], Failure | None),
        warnings=msgspec.convert(row["warnings"] or [], list[CheckWarning]),
        rounded=row["rounded"],
    )
