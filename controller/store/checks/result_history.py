"""Results of many monitors in time order, a slice at a time: read by monitor, or by time where there are too many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.history.history import Order, Position, Slice
from controller.off_loop import off_loop
from controller.store.platform.pool import Database
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import PhaseTiming, ResultStatus
from shared.wire.rounds import Purpose, check_id


class HistoryRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stored result with its monitor and the customer that owns it now. The numbers are its position in the order."""

    monitor_id: int
    location_id: int
    check_id: UUID
    customer: UUID
    monitor: UUID
    monitor_name: str
    kind: str
    location: str
    country: str
    purpose: Purpose
    status: ResultStatus
    due_at: datetime
    started_at: datetime
    duration_ms: float
    agent: str
    address: str | None
    failure: Failure | None
    phases: list[PhaseTiming]
    warnings: list[CheckWarning]
    facts: dict[str, Any]
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    login_withheld: bool
    detail: dict[str, Any] | None

    @property
    def position(self) -> Position:
        return Position(self.due_at, self.monitor_id, self.location_id, self.purpose)


class ResultScope(msgspec.Struct, frozen=True, kw_only=True):
    """The monitors whose results are read: those of an organization, including deleted ones. None is no limit."""

    organization_id: int
    customer_ids: Sequence[int] | None = None
    kinds: Sequence[str] | None = None
    monitor_ids: Sequence[int] | None = None


class ResultFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which results within a ResultScope. None is no limit."""

    location_ids: Sequence[int] | None = None
    statuses: Collection[ResultStatus] | None = None
    purposes: Collection[Purpose] | None = None


class Population(msgspec.Struct, frozen=True):
    """The monitors of a scope, up to a limit, and about how many monitors there are in the whole installation."""

    ids: list[int]
    total_monitors: int


class OwnedMonitor(msgspec.Struct, frozen=True):
    id: int
    customer_id: int


_SCOPE = """
monitor.organization_id = $1 AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
AND ($3::text[] IS NULL OR monitor.kind = ANY ($3)) AND ($4::bigint[] IS NULL OR monitor.id = ANY ($4))
"""
_MONITOR = "monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.customer_id"
_OWNER = f"SELECT {_MONITOR} FROM monitor WHERE monitor.id = {{}} AND {_SCOPE} OFFSET 0"  # noqa: S608 - constants only
"""OFFSET keeps this a lookup by key: a plan that is made without knowing the scope would read all monitors instead."""
_RESULT = """
result.monitor_id, result.due_at, result.location_id, result.purpose, result.status, result.duration_ms,
result.started_at, result.agent, result.address, result.failure, result.phases, result.warnings, result.facts,
result.loop_lag_ms, result.kernel_rtt_ms, result.login_withheld, result.detail
"""
# JSON columns as text, which msgspec decodes directly into their structs.
_COLUMNS = """
monitor_id, location_id, due_at, customer.public_id AS customer, found.public_id AS monitor, found.name AS monitor_name,
kind, location.code AS location, location.country_code AS country, purpose, found.status, started_at, duration_ms,
agent, address, failure::text, phases::text, warnings::text, facts::text, loop_lag_ms, kernel_rtt_ms, login_withheld,
detail::text
"""

_FAILURE = msgspec.json.Decoder(Failure)
_PHASES = msgspec.json.Decoder(list[PhaseTiming])
_WARNINGS = msgspec.json.Decoder(list[CheckWarning])
_OBJECT = msgspec.json.Decoder(dict[str, Any])


async def population(database: Database, scope: ResultScope, *, at_most: int) -> Population:
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT id FROM monitor WHERE {_SCOPE} LIMIT $5",  # noqa: S608 - constants only
            *msgspec.structs.astuple(scope),
            at_most,
        )
        known: int = await connection.fetchval("SELECT reltuples::bigint FROM pg_class WHERE oid = 'monitor'::regclass")
    return Population([row["id"] for row in rows], max(known, len(rows)))


async def monitors_named(database: Database, organization_id: int, names: Sequence[UUID]) -> dict[UUID, OwnedMonitor]:
    """By public id; deleted monitors are included as long as their history is stored."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT public_id, id, customer_id FROM monitor"
            " WHERE organization_id = $1 AND public_id = ANY ($2::uuid[])",
            organization_id,
            names,
        )
    return {row["public_id"]: OwnedMonitor(*row[1:]) for row in rows}


async def results_in(
    database: Database,
    scope: ResultScope,
    choice: ResultFilter,
    step: Slice,
    order: Order,
    *,
    by_monitor: Sequence[int] | None,
    limit: int,
) -> list[HistoryRecord]:
    """The first results of a slice in this order, looked up by these monitors, or with None by time.

    Raises StoreUnavailableError, also when it takes too long.
    """
    successful = choice.statuses is None or ResultStatus.SUCCESS in choice.statuses
    statement = _statement(order, by_monitor=by_monitor is not None, successful=successful)
    arguments = [*msgspec.structs.astuple(scope), *step[:2], *step.position, *msgspec.structs.astuple(choice), limit]
    if by_monitor is not None:
        arguments.append(by_monitor)
    async with database.connection() as connection:
        rows = await connection.fetch(statement, *arguments)
    return await off_loop(_records, rows)


@cache
def _statement(order: Order, *, by_monitor: bool, successful: bool) -> str:
    down = order is Order.DESC
    direction, beyond, until = ("DESC", "<", "<=") if down else ("ASC", ">", "<")
    sorting = ", ".join(f"{name} {direction}" for name in ("due_at", "monitor_id", "location_id", "purpose"))
    condition = f"""
    result.due_at >= $5 AND result.due_at {until} $6
    AND (result.due_at, result.monitor_id, result.location_id, result.purpose)
      {beyond} ($7, $8::bigint, $9::int, $10::check_purpose)
    AND ($11::int[] IS NULL OR result.location_id = ANY ($11))
    AND ($12::check_status[] IS NULL OR result.status = ANY ($12))
    AND ($13::check_purpose[] IS NULL OR result.purpose = ANY ($13))
    {"" if successful else "AND result.status <> 'success'"}
    """  # the last line lets the partial index of such results be used
    if by_monitor:
        found = f"""
        SELECT result.*, {_MONITOR}
        FROM unnest($15::bigint[]) AS read (id) CROSS JOIN LATERAL ({_OWNER.format("read.id")}) AS monitor
        CROSS JOIN LATERAL (
          SELECT {_RESULT} FROM result WHERE result.monitor_id = monitor.id AND {condition}
          ORDER BY {sorting} LIMIT $14
        ) AS result
        ORDER BY {sorting} LIMIT $14
        """  # noqa: S608 - constants only
    else:
        found = f"""
        SELECT {_RESULT}, {_MONITOR}
        FROM result CROSS JOIN LATERAL ({_OWNER.format("result.monitor_id")}) AS monitor
        WHERE {condition} ORDER BY {sorting} LIMIT $14
        """  # noqa: S608 - constants only
    return f"""
    SELECT {_COLUMNS} FROM ({found}) AS found
    JOIN customer ON customer.id = found.customer_id JOIN location ON location.id = found.location_id
    ORDER BY {sorting}
    """  # noqa: S608 - constants only


def _records(rows: Sequence[Any]) -> list[HistoryRecord]:
    return [_record(row) for row in rows]


def _record(row: Any) -> HistoryRecord:
    values = dict(row)
    values["purpose"] = purpose = Purpose(row["purpose"])
    values["status"] = ResultStatus(row["status"])
    values["failure"] = None if row["failure"] is None else _FAILURE.decode(row["failure"])
    values["phases"] = _PHASES.decode(row["phases"])
    values["warnings"] = [] if row["warnings"] is None else _WARNINGS.decode(row["warnings"])
    values["facts"] = {} if row["facts"] is None else _OBJECT.decode(row["facts"])
    values["detail"] = None if row["detail"] is None else _OBJECT.decode(row["detail"])
    identity = check_id(row["monitor"], to_ms(row["due_at"]), row["location"], purpose)
    return HistoryRecord(check_id=identity, **values)
