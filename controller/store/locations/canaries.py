"""The latest canary of each location and kind of check: sent, stored, evaluated (controller.decisions.canaries)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.decisions.canaries import CanaryState
from controller.store.platform.pool import Database


class SentCanary(NamedTuple):
    """The canary of a location for one kind of check."""

    location_id: int
    kind: str


class StoredCanary(NamedTuple):
    """A canary that came back: its location, its due moment, and what its dialogue found, None if nothing failed."""

    location: str
    due_at: datetime
    failure: str | None


async def claim(
    database: Database, canaries: Sequence[SentCanary], due_at: datetime, pause_seconds: float
) -> set[SentCanary]:
    """Record the canaries that are about to be sent, and return those that no controller sent within `pause_seconds`.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            INSERT INTO canary (location_id, kind, due_at, sent_at, since)
            SELECT location_id, kind, $3, clock_timestamp(), clock_timestamp()
            FROM unnest($1::bigint[], $2::text[]) AS one (location_id, kind) ORDER BY 1, 2
            ON CONFLICT (location_id, kind) DO UPDATE
            SET due_at = excluded.due_at, sent_at = excluded.sent_at, missed = CASE
              WHEN canary.due_at IS NULL THEN canary.missed WHEN canary.back_due_at = canary.due_at THEN 0
              ELSE canary.missed + 1
            END
            WHERE canary.sent_at < clock_timestamp() - make_interval(secs => $4)
            RETURNING location_id, kind
            """,
            [one.location_id for one in canaries],
            [one.kind for one in canaries],
            due_at,
            pause_seconds,
        )
    return {SentCanary(*row) for row in rows}


async def withdraw(database: Database, canaries: Collection[SentCanary]) -> None:
    """Note that the broker did not take these canaries, so that they do not count as missed.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE canary SET due_at = NULL FROM unnest($1::bigint[], $2::text[]) AS one (location_id, kind)"
            " WHERE canary.location_id = one.location_id AND canary.kind = one.kind",
            [one.location_id for one in canaries],
            [one.kind for one in canaries],
        )


async def keep_only(database: Database, canaries: Collection[SentCanary]) -> None:
    """Forget the canaries of all other locations and kinds. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            "DELETE FROM canary WHERE (location_id, kind) NOT IN (SELECT * FROM unnest($1::bigint[], $2::text[]))",
            [one.location_id for one in canaries],
            [one.kind for one in canaries],
        )


async def store(database: Database, canaries: Sequence[StoredCanary]) -> None:
    """Record what came back, for the evaluator to see; what is not the latest canary changes nothing.

    Raises StoreUnavailableError.
    """
    if not canaries:
        return
    async with database.connection() as connection:
        await connection.execute(
            """
            WITH found AS (
              SELECT canary.location_id, canary.kind, one.failure
              FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS one (code, due_at, failure)
              JOIN location ON location.code = one.code
              JOIN canary ON canary.location_id = location.id AND canary.due_at = one.due_at
              WHERE canary.stored_due_at IS DISTINCT FROM canary.due_at
              ORDER BY canary.location_id, canary.kind FOR UPDATE OF canary
            )
            UPDATE canary SET stored_due_at = due_at, failure = found.failure,
              failed = CASE WHEN found.failure IS NULL THEN 0 ELSE failed + 1 END
            FROM found WHERE canary.location_id = found.location_id AND canary.kind = found.kind
            """,
            [one.location for one in canaries],
            [one.due_at for one in canaries],
            [one.failure for one in canaries],
        )


async def note_evaluated(database: Database) -> None:
    """The evaluator has come to the canaries that were stored: they are back. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            """
            UPDATE canary SET back_due_at = due_at, back_at = clock_timestamp(), missed = 0,
              round_trip_ms = EXTRACT(epoch FROM clock_timestamp() - sent_at) * 1000
            WHERE (location_id, kind) IN (
              SELECT location_id, kind FROM canary
              WHERE stored_due_at = due_at AND back_due_at IS DISTINCT FROM due_at FOR UPDATE SKIP LOCKED
            )
            """
        )


async def states(database: Database) -> dict[int, list[CanaryState]]:
    """The latest canaries by location id, by kind; of locations that get some. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location_id, kind, EXTRACT(epoch FROM clock_timestamp() - sent_at)::float8 AS sent_seconds,
              (stored_due_at = due_at) IS TRUE AS stored, due_at IS NULL OR (back_due_at = due_at) IS TRUE AS back,
              EXTRACT(epoch FROM clock_timestamp() - COALESCE(back_at, since))::float8 AS age_seconds,
              missed, since, back_at, round_trip_ms, failed, failure
            FROM canary ORDER BY location_id, kind
            """
        )
    found: dict[int, list[CanaryState]] = defaultdict(list)
    for row in rows:
        values = dict(row)
        found[values.pop("location_id")].append(CanaryState(**values))
    return found


async def seconds_since_back(database: Database) -> float | None:
    """How long ago the last canary of any location came back; None if none ever did. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        seconds: float | None = await connection.fetchval(
            "SELECT EXTRACT(epoch FROM clock_timestamp() - max(back_at))::float8 FROM canary"
        )
    return seconds
