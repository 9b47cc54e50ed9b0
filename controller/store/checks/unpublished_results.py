"""Results whose events the broker may not have: noted in the transaction that stores them, until they are published.

A controller publishes what it stored within seconds. What is noted for longer was left by one that died, or that could
not reach the broker, and any controller publishes it from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import CheckResult, PhaseTiming, TranscriptLine
from shared.wire.rounds import Purpose, check_id

TRY_SECONDS = 10.0
"""How long a controller tries to publish what it stored. Together with what an attempt may take, this is below
LEFT_SECONDS, so that no result is published from here at the same time."""

LEFT_SECONDS = 20.0
_AT_ONCE = 16
_FROZEN_SECONDS = 60


class UnpublishedResult(NamedTuple):
    """A noted result with what its event says besides; `sequence` is None if its number is not known any more."""

    note: int
    organization: UUID
    customer: UUID
    kind: str
    sequence: int | None
    result: CheckResult


class StoredCopy(NamedTuple):
    """When a result was stored whose copy came now, and how long ago; None if it is not there. `noted`: its event is
    noted as unpublished.
    """

    stored_at: datetime | None
    age_seconds: float | None
    noted: bool


class LeftResults(NamedTuple):
    """Noted results that nobody publishes; the first of them were stored then, so many seconds ago."""

    since: datetime
    seconds: float
    notes: list[int]
    results: list[UnpublishedResult]


async def note(connection: Connection, rows: Sequence[Any], numbers: Mapping[int, int]) -> int | None:
    """Note the stored results among these rows, which have a number (by `place`). Returns the id of the note."""
    noted = [row for row in rows if row["place"] in numbers]
    if not noted:
        return None
    return await _note(connection, noted, [numbers[row["place"]] for row in noted])


async def stored_copies(connection: Connection, rows: Sequence[Any]) -> list[StoredCopy]:
    """What is known of the results of these rows, in their order."""
    found = await connection.fetch(
        _COPIES,
        [row["monitor_id"] for row in rows],
        [row["due_at"] for row in rows],
        [row["location_id"] for row in rows],
        [row["purpose"] for row in rows],
    )
    return [StoredCopy(*row) for row in found]


async def note_copies(connection: Connection, rows: Sequence[Any], stored_at: datetime) -> None:
    """Note results that were stored then or later and may have no event: a controller of an earlier version, which
    noted nothing, died then or was stopped, so that they are delivered again.
    """
    await _note(connection, rows, [None] * len(rows), stored_at)


async def _note(
    connection: Connection, rows: Sequence[Any], sequences: Sequence[int | None], noted_at: datetime | None = None
) -> int:
    found: int = await connection.fetchval(
        "INSERT INTO unpublished_results (monitor_ids, due_ats, location_ids, purposes, customers, sequences, noted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, COALESCE($7, now())) RETURNING id",
        [row["monitor_id"] for row in rows],
        [row["due_at"] for row in rows],
        [row["location_id"] for row in rows],
        [row["purpose"] for row in rows],
        [row["customer"] for row in rows],
        sequences,
        noted_at,
    )
    return found


async def remove(db: Database, notes: Collection[int]) -> None:
    """The broker has the events of these notes. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute("DELETE FROM unpublished_results WHERE id = ANY ($1::bigint[])", list(notes))


async def left(db: Database) -> LeftResults | None:
    """Some of the oldest results that were noted LEFT_SECONDS ago or longer. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        notes = await connection.fetch(_LEFT, LEFT_SECONDS, _AT_ONCE)
        if not notes:
            return None
        ids = [row["id"] for row in notes]
        rows = await connection.fetch(_RESULTS, ids)
    first = min(notes, key=itemgetter("noted_at"))
    return LeftResults(first["noted_at"], first["seconds"], ids, list(map(_unpublished, rows)))


@asynccontextmanager
async def taken(db: Database, notes: Collection[int]) -> AsyncIterator[set[int] | None]:
    """Those of these notes that still wait; None while another controller publishes. They are removed when the block
    ends without an error.

    Raises StoreUnavailableError. A controller that freezes inside the block loses its transaction.
    """
    async with db.transaction() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.LEFT_RESULTS):
            yield None
            return
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
        )
        rows = await connection.fetch(
            "SELECT id FROM unpublished_results WHERE id = ANY ($1::bigint[]) FOR UPDATE", list(notes)
        )
        yield {row["id"] for row in rows}
        await connection.execute("DELETE FROM unpublished_results WHERE id = ANY ($1::bigint[])", list(notes))


_COPIES = """
SELECT stored_at, extract(epoch FROM now() - stored_at)::float8, (monitor_id, due_at, location_id, purpose) IN (
    SELECT noted.* FROM unpublished_results, unnest(monitor_ids, due_ats, location_ids, purposes)
      AS noted (monitor_id, due_at, location_id, purpose)
  )
FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::check_purpose[]) WITH ORDINALITY
  AS given (monitor_id, due_at, location_id, purpose, place)
LEFT JOIN result USING (monitor_id, due_at, location_id, purpose)
ORDER BY place
"""

_LEFT = """
SELECT id, noted_at, extract(epoch FROM now() - noted_at)::float8 AS seconds FROM unpublished_results
WHERE noted_at < now() - make_interval(secs => $1) ORDER BY id LIMIT $2
"""

_RESULTS = """
SELECT unpublished_results.id AS note, organization.public_id AS organization, noted.customer,
  monitor.public_id AS monitor, monitor.kind, location.code, location.country_code, noted.sequence, result.*
FROM unpublished_results, unnest(monitor_ids, due_ats, location_ids, purposes, customers, sequences)
  AS noted (monitor_id, due_at, location_id, purpose, customer, sequence)
JOIN result USING (monitor_id, due_at, location_id, purpose)
JOIN monitor ON monitor.id = result.monitor_id
JOIN location ON location.id = result.location_id
JOIN organization ON organization.id = monitor.organization_id
WHERE unpublished_results.id = ANY ($1::bigint[])
ORDER BY unpublished_results.id, noted.sequence
"""


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
    return UnpublishedResult(row["note"], row["organization"], row["customer"], row["kind"], row["sequence"], result)


def _read(value: object, kind: Any, absent: Any) -> Any:
    return absent if value is None else msgspec.convert(value, kind)
