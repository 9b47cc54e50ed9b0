"""The database as the rest of the store uses it. Connection problems leave this module as StoreUnavailableError."""

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
    asyncpg.InternalClientError,  # a server killed in the middle of an answer leaves the protocol in that state
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock or the like: the next attempt may succeed
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
"""What asyncpg raises while PostgreSQL is unreachable, starting, stopping or full."""

REFUSED = asyncpg.PostgresError
"""What asyncpg raises when PostgreSQL refuses a statement."""


class StoreUnavailableError(Exception):
    """PostgreSQL is unavailable for now; nothing was stored."""


def unavailable(error: BaseException) -> StoreUnavailableError:
    """The error to raise for one of AWAY, in words for the log and the command line."""
    if isinstance(error, TimeoutError):
        return StoreUnavailableError("PostgreSQL did not answer in time")
    if isinstance(error, ConnectionResetError | BrokenPipeError | asyncpg.ConnectionDoesNotExistError):
        return StoreUnavailableError("PostgreSQL closed the connection")
    return StoreUnavailableError(str(error) or "PostgreSQL is unavailable")


class UnstorableError(Exception):
    """PostgreSQL permanently refuses a value; the message names the kind of error, without the value."""


class Database:
    """A pool of connections, created by `Database.open`; it needs no server until a connection is requested."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], broken_off: set[int]) -> None:
        self._pool = pool
        self._broken_off = broken_off

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, size: int = 10) -> AsyncIterator[Self]:
        broken_off: set[int] = set()

        async def reset(connection: Connection) -> None:
            """The store leaves no session state behind, so a connection is returned without the query that would clear
            it, unless its work was broken off: if that had prepared a statement, the server holds its locks and waits.
            A connection that does not answer is closed: an error raised here would replace the cancellation.
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
        """The maximum number of connections."""
        return self._pool.get_max_size()

    @property
    def busy(self) -> int:
        """The number of connections in use."""
        return self._pool.get_size() - self._pool.get_idle_size()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one piece of work. Raises StoreUnavailableError, also for errors inside the block."""
        try:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                pid = connection.get_server_pid()  # a connection that was closed meanwhile cannot return it
                try:
                    yield connection
                except BaseException:  # also CancelledError; work that timed out raises TimeoutError here
                    self._broken_off.add(pid)
                    raise
        except AWAY as error:
            raise unavailable(error) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction. Raises StoreUnavailableError."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def one_transaction(self) -> AsyncIterator[Database]:
        """This database with all work in the block as one transaction, on one connection. Within the block nothing else
        of the pool may be used, or many callers at once could wait for each other. Raises StoreUnavailableError.
        """
        async with self.transaction() as connection:
            yield OneTransaction(connection)


class OneTransaction(Database):
    """A database whose connection is always this one, inside a transaction that somebody else commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        yield self._connection


async def connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A separate connection, for LISTEN and for locks that last as long as it. Raises StoreUnavailableError."""
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS, command_timeout=COMMAND_SECONDS)
        await _init(connection)
    except AWAY as error:
        raise unavailable(error) from error
    return connection


async def _init(connection: Connection) -> None:
    """Encode json columns by msgspec when written, and decode them to plain objects when read."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog", format="text"
        )


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
