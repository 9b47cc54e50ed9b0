"""The keys that locations were given, one set for each enrolment file, and which of them the broker must refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from controller.store.pool import Database

if TYPE_CHECKING:
    from controller.store.pool import Connection


class GivenKey(NamedTuple):
    """When an enrolment file was made, and when its keys end or ended; None for the newest."""

    created_at: datetime
    ends_at: datetime | None


async def insert_key(connection: Connection, location_id: int, sealing_key: str, nats_user: str) -> None:
    await connection.execute(
        "INSERT INTO location_key (location_id, sealing_key, nats_user) VALUES ($1, $2, $3)",
        location_id,
        sealing_key,
        nats_user,
    )


async def end_keys(connection: Connection, location_id: int, keep: timedelta) -> None:
    """End all keys of the location after so long, or when they would end anyway."""
    await connection.execute(
        "UPDATE location_key SET ends_at = LEAST(ends_at, now() + $2) WHERE location_id = $1", location_id, keep
    )


class Rotation:
    """A location that is about to be given new keys, locked until they are stored."""

    def __init__(self, connection: Connection, location_id: int, country_code: str) -> None:
        self._connection = connection
        self._location_id = location_id
        self.country_code = country_code

    async def store(self, *, sealing_key: str, nats_user: str, keep: timedelta) -> None:
        """The new keys; the older ones end after `keep`."""
        await end_keys(self._connection, self._location_id, keep)
        await insert_key(self._connection, self._location_id, sealing_key, nats_user)
        await self._connection.execute(
            "UPDATE location SET public_key = $2 WHERE id = $1", self._location_id, sealing_key
        )


@asynccontextmanager
async def rotating(database: Database, code: str) -> AsyncIterator[Rotation | None]:
    """Yield what takes the new keys of a location, or None when there is none of that code. They are stored only when
    the block ends without an error.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            "SELECT id, country_code FROM location WHERE code = $1 AND removed_at IS NULL FOR UPDATE", code
        )
        yield Rotation(connection, *row) if row else None


async def given_keys(database: Database) -> dict[int, list[GivenKey]]:
    """The keys that are still good, by location id, the newest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location_id, created_at, ends_at FROM location_key
            WHERE ends_at IS NULL OR ends_at > now() ORDER BY location_id, id DESC
            """
        )
    keys: dict[int, list[GivenKey]] = {}
    for number, *moments in rows:
        keys.setdefault(number, []).append(GivenKey(*moments))
    return keys


async def revoked_users(database: Database) -> list[str]:
    """Whom the broker must refuse: users of keys that ended, of locations that are disabled or removed, and
    subscribers that were cut off. A subscriber's login ends by itself: it is told of until a day after, in case clocks
    differ. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT nats_user FROM location_key JOIN location ON location.id = location_id
            WHERE NOT enabled OR ends_at <= now()
            UNION ALL
            SELECT nats_user FROM subscriber WHERE revoked_at IS NOT NULL AND expires_at > now() - interval '1 day'
            """
        )
    return [row["nats_user"] for row in rows]
