"""Results of many monitors in time order, a slice at a time: read by monitor, or by time where there are too many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.history.history import Order, Position, Slice
from controller.decisions.history.unfolded import unfolded_phases
from controller.off_loop import off_loop
from controller.store.checks.result_statements import statement
from controller.store.platform.pool import Database
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import PhaseTiming, ResultStatus
from shared.wire.rounds import Purpose, check_id


class HistoryRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stored result with its monitor and the customer that owns it now. The numbers are its position in the order.
    The durations of a `rounded` one are off by up to 1.25 %, the starts of its phases perhaps by 0.1 ms.
    """

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
    rounded: bool

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


def reads_blocks(choice: ResultFilter) -> bool:
    """Whether checks that passed may match: blocks hold no others."""
    return choice.statuses is None or ResultStatus.SUCCESS in choice.statuses


class Population(msgspec.Struct, frozen=True):
    """The monitors of a scope, up to a limit, and about how many monitors there are in the whole installation."""

    ids: list[int]
    total_monitors: int


class OwnedMonitor(msgspec.Struct, frozen=True):
    id: int
    customer_id: int


_FAILURE = msgspec.json.Decoder(Failure)
_PHASES = msgspec.json.Decoder(list[PhaseTiming])
_WARNINGS = msgspec.json.Decoder(list[CheckWarning])
_OBJECT = msgspec.json.Decoder(dict[str, Any])


async def population(database: Database, scope: ResultScope, *, at_most: int) -> Population:
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id FROM monitor
            WHERE organization_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
              AND ($3::text[] IS NULL OR kind = ANY ($3)) AND ($4::bigint[] IS NULL OR id = ANY ($4))
            LIMIT $5
            """,
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
    read = statement(order, by_monitor=by_monitor is not None, successful=reads_blocks(choice))
    arguments = [*msgspec.structs.astuple(scope), *step[:2], *step.position, *msgspec.structs.astuple(choice), limit]
    if by_monitor is not None:
        arguments.append(by_monitor)
    async with database.connection() as connection:
        rows = await connection.fetch(read, *arguments)
    return await off_loop(_records, rows)


def _records(rows: Sequence[Any]) -> list[HistoryRecord]:
    return [_record(row) for row in rows]


def _record(row: Any) -> HistoryRecord:
    values = dict(row)
    values["purpose"] = purpose = Purpose(row["purpose"])
    values["status"] = ResultStatus(row["status"])
    values["failure"] = None if row["failure"] is None else _FAILURE.decode(row["failure"])
    names, codes, gaps = (values.pop(name) for name in ("phase_names", "phase_codes", "phase_gaps"))
    values["phases"] = unfolded_phases(names, codes, gaps) if codes is not None else _PHASES.decode(row["phases"])
    values["warnings"] = [] if row["warnings"] is None else _WARNINGS.decode(row["warnings"])
    values["facts"] = {} if row["facts"] is None else _OBJECT.decode(row["facts"])
    values["detail"] = None if row["detail"] is None else _OBJECT.decode(row["detail"])
    identity = check_id(row["monitor"], to_ms(row["due_at"]), row["location"], purpose)
    return HistoryRecord(check_id=identity, **values)
