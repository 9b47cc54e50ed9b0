"""What ops were told of and is not over yet. A row is made and removed by one controller, whoever else sees it too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection, Database


class Heard(NamedTuple):
    """An enabled location that was heard at least once: when last, and the seconds since, by the database's clock."""

    code: str
    name: str
    last_seen_at: datetime
    silence: float


class Trouble(NamedTuple):
    """`number` is shared by what was told together."""

    subject: str
    number: UUID
    since: datetime


async def heard(database: Database) -> list[Heard]:
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
    return [Heard(*row) for row in rows]


async def clock_offsets(database: Database, within_seconds: float) -> dict[str, float]:
    """How many milliseconds the clock of each agent heard so lately is ahead of the broker's, where that is known, by
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
    """The subjects of what ops were told of. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT subject FROM ops_trouble WHERE kind = $1", kind)
    return {row["subject"] for row in rows}


async def begin(connection: Connection, kind: str, number: UUID, troubles: Sequence[tuple[str, datetime]]) -> list[str]:
    """Note these subjects, with since when; the ones that nobody had noted before."""
    rows = await connection.fetch(
        """
        INSERT INTO ops_trouble (kind, subject, number, since)
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
    """Remove what cannot be told any more whether it is over. Raises StoreUnavailableError."""
    async with database.transaction() as connection:
        await end(connection, kind, subjects)


async def end(connection: Connection, kind: str, subjects: Collection[str]) -> list[Trouble]:
    """Remove these subjects; the ones that nobody had removed before."""
    rows = await connection.fetch(
        """
        DELETE FROM ops_trouble USING (
          SELECT kind, subject FROM ops_trouble WHERE kind = $1 AND subject = ANY ($2) ORDER BY subject FOR UPDATE
        ) AS one
        WHERE ops_trouble.kind = one.kind AND ops_trouble.subject = one.subject
        RETURNING ops_trouble.subject, ops_trouble.number, ops_trouble.since
        """,
        kind,
        list(subjects),
    )
    return sorted(Trouble(*row) for row in rows)
