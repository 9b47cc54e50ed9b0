"""The database as the rest of the store uses it. Trouble with a connection leaves here as StoreUnavailableError."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, TypeAlias

import asyncpg
import msgspec

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

ACQUIRE_SECONDS = 5.0
COMMAND_SECONDS = 15.0
RESET_SECONDS = 2.0

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a server killed in the middle of an answer leaves the protocol's state as it was
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock or the like: it works the next time
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
"""What asyncpg raises while PostgreSQL is away, starting, stopping or full."""


class StoreUnavailableError(Exception):
    """PostgreSQL is away for now; nothing was stored."""


class Database:
    """A pool of connections, made by `Database.open`; it needs no server until a connection is asked for."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], broken_off: set[int]) -> None:
        self._pool = pool
        self._broken_off = broken_off

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, size: int = 10) -> AsyncIterator[Self]:
        broken_off: set[int] = set()

        async def reset(connection: Connection) -> None:
            """The store leaves no session state behind, so a connection goes back without the query that would clear
            it, unless its work broke off: where that had prepared a statement, the server holds its locks and waits.
            One that does not answer is given up: trouble told from here would take the place of the cancellation.
            """
            pid = connection.get_server_pid()
            if pid in broken_off:
                broken_off.discard(pid)
                try:
                    await connection.execute("SELECT", timeout=RESET_SECONDS)
                except AWAY:
                    connection.terminate()

        pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            timeout=ACQUIRE_SECONDS,
            command_timeout=COMMAND_SECONDS,
            init=_init,
            reset=reset,
            server_settings={"application_name": "mailprobe-controller", "timezone": "UTC"},
        )
        async with pool:
            yield cls(pool, broken_off)

    @property
    def size(self) -> int:
        """How many connections there may be."""
        return self._pool.get_max_size()

    @property
    def busy(self) -> int:
        """How many connections are at work."""
        return self._pool.get_size() - self._pool.get_idle_size()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one piece of work. Raises StoreUnavailableError, also for what fails inside the block."""
        try:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                pid = connection.get_server_pid()  # which one that was closed meanwhile does not tell
                try:
                    yield connection
                except BaseException:  # what ran out of time has left it here as TimeoutError
                    self._broken_off.add(pid)
                    raise
        except AWAY as error:
            raise StoreUnavailableError(str(error) or type(error).__name__) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction. Raises StoreUnavailableError."""
        async with self.connection() as connection, connection.transaction():
            yield connection


async def connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection of its own, for LISTEN and for locks that live as long as it. Raises StoreUnavailableError."""
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS, command_timeout=COMMAND_SECONDS)
        await _init(connection)
    except AWAY as error:
        raise StoreUnavailableError(str(error) or type(error).__name__) from error
    return connection


async def _init(connection: Connection) -> None:
    """json columns are msgspec-encoded text on the way in and plain objects on the way out."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog", format="text"
        )


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
