"""The latest state of monitors: a row for each location, and their verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from controller.decisions.evaluation.state import MonitorState, VerdictKind
from controller.model import LatestCheck
from controller.off_loop import off_loop
from controller.store.platform.pool import Connection, Database
from shared.wire.messages import ResultStatus

# A state without `takenMs` was inserted, but has not gone through an evaluation; default values are not stored.
_VERDICTS = """
SELECT monitor_id, verdict, COALESCE(state ->> 'reason', '') AS reason FROM monitor_state
WHERE monitor_id = ANY ($1::bigint[]) AND state ->> 'takenMs' IS NOT NULL
"""
_STATE = "SELECT state FROM monitor_state WHERE monitor_id = $1 AND state ->> 'takenMs' IS NOT NULL"


async def latest_of(database: Database, monitor_ids: Sequence[int]) -> dict[int, list[LatestCheck]]:
    """By monitor; a monitor that was never checked is not in it."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT monitor_id, location_id, due_at, status, failure_kind, checked_at FROM latest"
            " WHERE monitor_id = ANY ($1::bigint[]) ORDER BY monitor_id, location_id",
            monitor_ids,
        )
    return await off_loop(_by_monitor, rows)


def _by_monitor(rows: Sequence[Any]) -> dict[int, list[LatestCheck]]:
    found: dict[int, list[LatestCheck]] = defaultdict(list)
    for row in rows:
        check = LatestCheck(**{**row, "status": ResultStatus(row["status"])})
        found[check.monitor_id].append(check)
    return dict(found)


class LatestVerdict(NamedTuple):
    verdict: VerdictKind
    reason: str


async def verdicts_of(database: Database, monitor_ids: Sequence[int]) -> dict[int, LatestVerdict]:
    """By monitor; a monitor that was never evaluated is not in it."""
    async with database.connection() as connection:
        rows = await connection.fetch(_VERDICTS, monitor_ids)
    return {row["monitor_id"]: LatestVerdict(VerdictKind(row["verdict"]), row["reason"]) for row in rows}


async def state_of(connection: Connection, monitor_id: int) -> MonitorState | None:
    """None when it was never evaluated."""
    state = await connection.fetchval(_STATE, monitor_id)
    return msgspec.convert(state, MonitorState | None, str_keys=True)  # location ids are keys
