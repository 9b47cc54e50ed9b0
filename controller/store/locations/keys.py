"""The keys that locations were given, one set for each enrolment file, and the ones that the broker must refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from controller.model.locations import LocationKey
from controller.store.platform.pool import Database
from shared.wire.messages import READY_SECONDS

if TYPE_CHECKING:
    from controller.store.platform.pool import Connection


class GivenKey(NamedTuple):
    """When an enrolment file was created, and when its keys end or ended; None for the newest. `shared` if its login is
    in the account that logins of earlier versions share.
    """

    created_at: datetime
    ends_at: datetime | None
    shared: bool


@asynccontextmanager
async def announced(
    database: Database, *, sealing_key: str, nats_user: str, nats_account: str | None = None
) -> AsyncIterator[None]:
    """Have the broker refuse these keys until a location is given them within the block: if the process is killed
    before, a file with these keys may remain. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO location_key (sealing_key, nats_user, nats_account) VALUES ($1, $2, $3)",
            sealing_key,
            nats_user,
            nats_account,
        )
    yield
    async with database.connection() as connection:
        await connection.execute("DELETE FROM location_key WHERE nats_user = $1 AND location_id IS NULL", nats_user)


async def give_key(
    connection: Connection,
    location_id: int,
    sealing_key: str,
    nats_user: str,
    nats_account: str | None,
    request_keys: Sequence[str] | None = None,
) -> None:
    """Give the key to the location, whether it was announced or not. `request_keys` are the ids of the request keys in
    its enrolment file.
    """
    await connection.execute(
        """
        INSERT INTO location_key (location_id, sealing_key, nats_user, nats_account, request_keys)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (nats_user)
          DO UPDATE SET location_id = excluded.location_id, request_keys = excluded.request_keys
        """,
        location_id,
        sealing_key,
        nats_user,
        nats_account,
        request_keys,
    )


async def end_keys(connection: Connection, location_id: int, keep: timedelta) -> None:
    """End all keys of the location after `keep`, or earlier when they would end anyway."""
    await connection.execute(
        "UPDATE location_key SET ends_at = LEAST(ends_at, now() + $2) WHERE location_id = $1", location_id, keep
    )


class Rotation:
    """A location that is about to be given new keys, locked until they are stored."""

    def __init__(self, connection: Connection, location_id: int) -> None:
        self._connection = connection
        self._location_id = location_id

    async def store(
        self,
        *,
        sealing_key: str,
        nats_user: str,
        keep: timedelta,
        nats_account: str | None = None,
        nats_url: str | None = None,
        request_keys: Sequence[str] | None = None,
    ) -> None:
        """Store the new keys, and the URL when one is given; the older keys end after `keep`."""
        await end_keys(self._connection, self._location_id, keep)
        await give_key(self._connection, self._location_id, sealing_key, nats_user, nats_account, request_keys)
        await self._connection.execute(
            "UPDATE location SET public_key = $2, nats_url = COALESCE($3, nats_url), updated_at = now() WHERE id = $1",
            self._location_id,
            sealing_key,
            nats_url,
        )


@asynccontextmanager
async def rotating(database: Database, code: str) -> AsyncIterator[Rotation | None]:
    """Yield what stores the new keys of a location, or None when no location has that code. They are stored only when
    the block ends without an error.
    """
    async with database.transaction() as connection:
        number = await connection.fetchval(
            "SELECT id FROM location WHERE code = $1 AND removed_at IS NULL FOR UPDATE", code
        )
        yield Rotation(connection, number) if number is not None else None


async def given_keys(database: Database) -> dict[int, list[GivenKey]]:
    """The keys that are still valid, by location id, the newest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT location_id, created_at, ends_at, nats_account IS NULL FROM location_key
            WHERE location_id IS NOT NULL AND (ends_at IS NULL OR ends_at > now())
            ORDER BY location_id, ends_at IS NULL DESC, id DESC
            """
        )
    keys: dict[int, list[GivenKey]] = {}
    for number, *key in rows:
        keys.setdefault(number, []).append(GivenKey(*key))
    return keys


async def keys_of(database: Database, location_id: int, *, most: int) -> list[LocationKey]:
    """The newest keys of a location, also those that ended, the newest first. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT created_at, ends_at, last_used_at, COALESCE(ends_at <= now(), false) AS ended,
              ARRAY(
                SELECT name FROM agent
                WHERE agent.location_id = $1 AND signed_by = nats_user
                  AND last_seen_at > now() - make_interval(secs => $3) ORDER BY name
              ) AS agents
            FROM location_key WHERE location_id = $1 ORDER BY id DESC LIMIT $2
            """,
            location_id,
            most,
            READY_SECONDS,
        )
    return [LocationKey(**row) for row in rows]


async def revoked_users(database: Database) -> dict[str, str | None]:
    """The users that the broker must refuse, each with its account (None: the shared one): those of keys that ended or
    belong to no location, of locations that are disabled or removed, and of revoked subscribers. A subscriber's login
    expires by itself: it is listed until a day after, in case clocks differ. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT nats_user, nats_account FROM location_key LEFT JOIN location ON location.id = location_id
            WHERE location_id IS NULL OR NOT enabled OR ends_at <= now()
            UNION ALL
            SELECT nats_user, nats_account FROM subscriber
            WHERE revoked_at IS NOT NULL AND expires_at > now() - interval '1 day'
            """
        )
    return {row["nats_user"]: row["nats_account"] for row in rows}


class RevokedUsers(NamedTuple):
    """How many logins the broker refuses: those of locations, which never expire, and those of subscribers."""

    locations: int
    subscribers: int


async def count_revoked(database: Database) -> RevokedUsers:
    """Raises StoreUnavailableError."""
    users = list(await revoked_users(database))
    async with database.connection() as connection:
        of_locations = await connection.fetchval("SELECT count(*) FROM location_key WHERE nats_user = ANY ($1)", users)
    return RevokedUsers(of_locations, len(users) - of_locations)
