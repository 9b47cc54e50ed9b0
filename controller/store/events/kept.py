"""Published events that are kept for a replay, all but results and gaps, which have tables of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Database


class KeptEvent(NamedTuple):
    """`at` is when it was published; the order is by `at`, then by `id`."""

    id: int
    at: datetime
    subject: str
    body: bytes


_BETWEEN = """
SELECT id, at, subject, body FROM kept_event
WHERE organization = $1 AND (at, id) > ($2, $3::bigint) AND at < $4 ORDER BY at, id LIMIT $5
"""

# An event that the broker has is in one of the two tables: it moves when the transaction that published it commits.
_LATEST = """
SELECT id, at, subject, body FROM (
  SELECT id, at, subject, body FROM kept_event WHERE organization = $1 AND (at, id) > ($2, $3::bigint)
  UNION ALL
  SELECT id + 1000000000000000, clock_timestamp(), subject, body FROM event_outbox
  WHERE sequence IS NOT NULL AND split_part(subject, '.', 3) = $1::text AND split_part(subject, '.', 6) <> 'gap'
) AS latest
ORDER BY at, id LIMIT $4
"""


async def between(
    database: Database, organization: UUID, after: tuple[datetime, int], until: datetime, *, at_most: int
) -> list[KeptEvent]:
    """The first events after this moment and id, and before `until`. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(_BETWEEN, organization, *after, until, at_most)
    return [KeptEvent(*row) for row in rows]


async def latest(
    database: Database, organization: UUID, after: tuple[datetime, int], *, at_most: int
) -> list[KeptEvent]:
    """The first events after this moment and id, also those that are being published. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(_LATEST, organization, *after, at_most)
    return [KeptEvent(*row) for row in rows]


async def forget(database: Database, before: datetime, own: Mapping[int, datetime]) -> None:
    """Remove what is older than that, and of these organizations what is older than their moments.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        await connection.execute("DELETE FROM kept_event WHERE at < $1", before)
        await connection.execute(
            "DELETE FROM kept_event USING organization JOIN unnest($1::bigint[], $2::timestamptz[]) AS kept (id, since)"
            " ON kept.id = organization.id WHERE kept_event.organization = organization.public_id"
            " AND kept_event.at < kept.since",
            list(own),
            list(own.values()),
        )
