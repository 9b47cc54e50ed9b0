"""The stored results of a monitor, as people and APIs read them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.model import CheckRecord
from controller.store.pool import Database
from shared.failures import CheckWarning, Failure
from shared.messages import PhaseTiming, ResultStatus
from shared.rounds import Purpose, check_id, to_ms


async def check_history(database: Database, monitor_id: int, public_id: UUID, *, limit: int) -> list[CheckRecord]:
    """The latest results from every location, newest round first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT result.location_id, location.code AS location_code, location.name AS location_name,
              location.country_code, result.purpose, result.status, result.due_at, result.started_at,
              result.duration_ms, result.agent, result.address, result.failure, result.phases, result.warnings,
              result.facts
            FROM result JOIN location ON location.id = result.location_id
            WHERE result.monitor_id = $1
            ORDER BY result.due_at DESC, result.location_id DESC, result.purpose DESC LIMIT $2
            """,
            monitor_id,
            limit,
        )
    return [_record(public_id, row) for row in rows]


def _record(public_id: UUID, row: Any) -> CheckRecord:
    values = dict(row)
    values["purpose"] = purpose = Purpose(row["purpose"])
    values["status"] = ResultStatus(row["status"])
    values["failure"] = msgspec.convert(row["failure"], Failure | None)
    values["phases"] = msgspec.convert(row["phases"], list[PhaseTiming])
    values["warnings"] = msgspec.convert(row["warnings"] or [], list[CheckWarning])
    values["facts"] = row["facts"] or {}
    identity = check_id(public_id, to_ms(row["due_at"]), row["location_code"], purpose)
    return CheckRecord(check_id=identity, **values)
