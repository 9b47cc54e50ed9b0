"""Problems that were reported to ops and are not over yet. One controller inserts and removes a row, even when others
notice it too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection, Database


class LocationContact(NamedTuple):
    """An enabled location with at least one heartbeat: when the last one came, and the seconds since, by the database's
    clock.
    """

    code: str
    name: str
    last_seen_at: datetime
    silence: float


class OpenProblem(NamedTuple):
    """Problems that were reported together share a `number`."""

    subject: str
    number: UUID
    since: datetime


async def contacts(database: Database) -> list[LocationContact]:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location.code, location.name, max(agent.last_seen_at) AS last_seen_at,
              extract(epoch FROM clock_timestamp() - max(agent.last_seen_at))::float8 AS silence
            FROM location JOIN agent ON agent.location_id = location.id
            WHERE location.enabled GROUP BY location.id ORDER BY location.code
            """
        )
    return [LocationContact(*row) for row in rows]


async def clock_offsets(database: Database, within_seconds: float) -> dict[str, float]:
    """How many milliseconds the clock of each agent with a recent heartbeat is ahead of the broker's, where known, by
    location and name as in `de/agent-1`. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location.code || '/' || agent.name AS name, agent.clock_offset_ms
            FROM agent JOIN location ON location.id = agent.location_id
            WHERE location.enabled AND agent.clock_offset_ms IS NOT NULL
              AND agent.last_seen_at > clock_timestamp() - make_interval(secs => $1)
            """,
            within_seconds,
        )
    return {row["name"]: row["clock_offset_ms"] for row in rows}


async def known(database: Database, kind: str) -> set[str]:
    """The subjects that were reported to ops. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT subject FROM ops_notice WHERE kind = $1", kind)
    return {row["subject"] for row in rows}


async def begin(connection: Connection, kind: str, number: UUID, troubles: Sequence[tuple[str, datetime]]) -> list[str]:
    """Record these subjects, each with the time it began; return those that were not recorded before."""
    rows = await connection.fetch(
        """
        INSERT INTO ops_notice (kind, subject, number, since)
        SELECT $1, subject, $2, since FROM unnest($3::text[], $4::timestamptz[]) AS one (subject, since)
        ORDER BY subject
        ON CONFLICT DO NOTHING RETURNING subject
        """,
        kind,
        number,
        [subject for subject, _ in troubles],
        [since for _, since in troubles],
    )
    return [row["subject"] for row in rows]


async def forget(database: Database, kind: str, subjects: Collection[str]) -> None:
    """Remove subjects whose end cannot be determined any more. Raises StoreUnavailableError."""
    async with database.transaction() as connection:
        await end(connection, kind, subjects)


async def end(connection: Connection, kind: str, subjects: Collection[str]) -> list[OpenProblem]:
    """Remove these subjects; return those that were not removed before."""
    rows = await connection.fetch(
        """
        DELETE FROM ops_notice USING (
          SELECT kind, subject FROM ops_notice WHERE kind = $1 AND subject = ANY ($2) ORDER BY subject FOR UPDATE
        ) AS one
        WHERE ops_notice.kind = one.kind AND ops_notice.subject = one.subject
        RETURNING ops_notice.subject, ops_notice.number, ops_notice.since
        """,
        kind,
        list(subjects),
    )
    return sorted(OpenProblem(*row) for row in rows)
