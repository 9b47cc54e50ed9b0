"""Results whose events the broker may not have: noted in the transaction that stores them, until they are published.

A controller publishes what it stored within seconds. What is noted for longer was left by one that died, or that could
not reach the broker, and any controller publishes it from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection, Database
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import CheckResult, PhaseTiming, TranscriptLine
from shared.wire.rounds import Purpose, check_id

TRY_SECONDS = 10.0
"""How long a controller tries to publish what it stored. Together with what an attempt may take, this is below
LEFT_SECONDS, so that no result is published from here at the same time."""

LEFT_SECONDS = 20.0
_AT_ONCE = 4
_FROZEN_SECONDS = 60


class UnpublishedResult(NamedTuple):
    """A noted result with what its event says besides."""

    organization: UUID
    customer: UUID
    kind: str
    sequence: int
    result: CheckResult


class LeftResults(NamedTuple):
    """Noted results that nobody publishes; the first of them were noted then, so many seconds ago."""

    notes: list[int]
    since: datetime
    seconds: float
    results: list[UnpublishedResult]


async def note(connection: Connection, rows: Sequence[Any], numbers: Mapping[int, int]) -> int | None:
    """Note the stored results among these rows, which have a number (by `place`). Returns the id of the note."""
    noted = [row for row in rows if row["place"] in numbers]
    if not noted:
        return None
    found: int = await connection.fetchval(
        "INSERT INTO unpublished_results (monitor_ids, due_ats, location_ids, purposes, sequences)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        [row["monitor_id"] for row in noted],
        [row["due_at"] for row in noted],
        [row["location_id"] for row in noted],
        [row["purpose"] for row in noted],
        [numbers[row["place"]] for row in noted],
    )
    return found


async def remove(db: Database, notes: Collection[int]) -> None:
    """The broker has the events of these notes. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM unpublished_results WHERE id = ANY ($1::bigint[])", list(notes))


@asynccontextmanager
async def left(db: Database) -> AsyncIterator[LeftResults | None]:
    """Some of the oldest results that were noted LEFT_SECONDS ago or longer; None if there are none, or if another
    controller publishes them. Their notes are removed when the block ends without an error.

    Raises StoreUnavailableError. A controller that freezes inside the block loses its transaction.
    """
    async with db.transaction() as connection:
        notes = await connection.fetch(_LEFT, LEFT_SECONDS, _AT_ONCE)
        if not notes:
            yield None
            return
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
        )
        ids = [row["id"] for row in notes]
        rows = await connection.fetch(_RESULTS, ids)
        yield LeftResults(ids, notes[0]["noted_at"], notes[0]["seconds"], [_unpublished(row) for row in rows])
        await connection.execute("DELETE FROM unpublished_results WHERE id = ANY ($1::bigint[])", ids)


_LEFT = """
SELECT id, noted_at, extract(epoch FROM now() - noted_at)::float8 AS seconds FROM unpublished_results
WHERE noted_at < now() - make_interval(secs => $1) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_RESULTS = """
SELECT organization.public_id AS organization, customer.public_id AS customer, monitor.public_id AS monitor,
  monitor.kind, location.code, location.country_code, noted.sequence, result.*
FROM unpublished_results, unnest(monitor_ids, due_ats, location_ids, purposes, sequences)
  AS noted (monitor_id, due_at, location_id, purpose, sequence)
JOIN result USING (monitor_id, due_at, location_id, purpose)
JOIN monitor ON monitor.id = result.monitor_id
JOIN location ON location.id = result.location_id
JOIN customer ON customer.id = monitor.customer_id
JOIN organization ON organization.id = monitor.organization_id
WHERE unpublished_results.id = ANY ($1::bigint[])
ORDER BY noted.sequence
"""
"""The customer is the one that has the monitor now."""


def _unpublished(row: Any) -> UnpublishedResult:
    purpose = Purpose(row["purpose"])
    result = CheckResult(
        check_id=check_id(row["monitor"], to_ms(row["due_at"]), row["code"], purpose),
        monitor_id=row["monitor"],
        location=row["code"],
        country=row["country_code"],
        agent=row["agent"],
        purpose=purpose,
        due_at=row["due_at"],
        started_at=row["started_at"],
        duration_ms=row["duration_ms"],
        failure=_read(row["failure"], Failure, None),
        phases=_read(row["phases"], list[PhaseTiming], []),
        warnings=_read(row["warnings"], list[CheckWarning], []),
        address=row["address"],
        facts=row["facts"] or {},
        transcript=_read(row["transcript"], list[TranscriptLine], []),
        loop_lag_ms=row["loop_lag_ms"] or 0.0,
        kernel_rtt_ms=row["kernel_rtt_ms"],
        login_withheld=row["login_withheld"],
        detail=row["detail"],
    )
    return UnpublishedResult(row["organization"], row["customer"], row["kind"], row["sequence"], result)


def _read(value: object, kind: Any, absent: Any) -> Any:
    return absent if value is None else msgspec.convert(value, kind)
