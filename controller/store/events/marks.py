"""At which sequence EVENTS was at a moment, noted every minute, so that a position that is gone has a moment still."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Database


class Mark(NamedTuple):
    """All events up to this sequence of EVENTS had been published at this moment."""

    sequence: int
    at: datetime


async def note(database: Database, epoch: str, sequence: int) -> None:
    """Note that EVENTS is at this sequence now. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO stream_mark (epoch, sequence) VALUES ($1, $2) ON CONFLICT DO NOTHING", epoch, sequence
        )


async def moment_of(database: Database, epoch: str, sequence: int) -> datetime | None:
    """A moment at which the event with this sequence was not published yet, a minute before at most while controllers
    ran; None when it is not known.
    """
    async with database.connection() as connection:
        found: datetime | None = await connection.fetchval(
            "SELECT at FROM stream_mark WHERE epoch = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1",
            epoch,
            sequence,
        )
    return found


async def first_after(database: Database, epoch: str, moment: datetime) -> Mark | None:
    """The first mark that is not older than this moment."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT sequence, at FROM stream_mark WHERE epoch = $1 AND at >= $2 ORDER BY at, sequence LIMIT 1",
            epoch,
            moment,
        )
    return None if row is None else Mark(*row)


async def forget(database: Database, before: datetime) -> None:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM stream_mark WHERE at < $1", before)


async def began(database: Database) -> datetime | None:
    """The moment of the oldest mark: events that were published before it are not kept."""
    async with database.connection() as connection:
        found: datetime | None = await connection.fetchval("SELECT min(at) FROM stream_mark")
    return found
