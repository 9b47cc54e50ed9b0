"""The database as the rest of the store uses it. Connection problems leave this module as StoreUnavailableError."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import asyncpg
import msgspec
from asyncpg.connect_utils import SessionAttribute

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
"""Has PostgreSQL plan what follows in the transaction each time, for its values and for the rows that there are now. A
plan that a connection keeps may be from when a table or the partition of the day was empty, and read what belongs to
all monitors for each one.
"""

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
    asyncpg.exceptions.PostgresSystemError,  # its files cannot be read or written
    asyncpg.exceptions.ReadOnlySQLTransactionError,
)
"""What asyncpg raises while PostgreSQL is unreachable, starting, stopping, full or read-only."""

REFUSED = asyncpg.PostgresError
"""What asyncpg raises when PostgreSQL refuses a statement."""


READ_ONLY = "PostgreSQL is read-only, as while a fail-over is under way"


class StoreUnavailableError(Exception):
    """PostgreSQL is unavailable for now; nothing was stored."""


class StoreTimeoutError(StoreUnavailableError):
    """PostgreSQL did not answer in time: it is away, or one statement takes too long."""


class StoreUnwritableError(StoreUnavailableError):
    """PostgreSQL can be read, but it stores nothing for now: its disk is full, or it is read-only."""


class StoreFullError(StoreUnwritableError):
    """PostgreSQL has no space left for what was to be written."""


class StoreReadOnlyError(StoreUnwritableError):
    """PostgreSQL is read-only, as while a fail-over is under way."""


def unavailable(error: BaseException) -> StoreUnavailableError:
    """The error to raise for one of AWAY, in words for the log and the command line."""
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFullError(str(error))
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return StoreReadOnlyError(READ_ONLY)
    if isinstance(error, TimeoutError | asyncpg.QueryCanceledError):
        return StoreTimeoutError("PostgreSQL did not answer in time")
    if isinstance(error, ConnectionResetError | BrokenPipeError | asyncpg.ConnectionDoesNotExistError):
        return StoreUnavailableError("PostgreSQL closed the connection")
    return StoreUnavailableError(str(error) or "PostgreSQL is unavailable")


def is_away(error: Exception) -> bool:
    """Whether all other work fails too. A statement that takes too long may be the fault of its own work alone."""
    return isinstance(error, StoreUnavailableError) and not isinstance(error, StoreTimeoutError)


class UnstorableError(Exception):
    """PostgreSQL can never store a value; the message says why, without the value."""


def refused(error: Exception) -> UnstorableError | StoreUnavailableError:
    """The error to raise when a statement with somebody's values fails by none of AWAY.

    Only what is wrong with a value is unstorable. Everything else, such as a missing permission, partition or table, is
    a fault of ours that somebody mends, and until then the values must wait.
    """
    match error:
        case asyncpg.CheckViolationError(constraint_name=None):  # there is no partition for it
            return StoreUnavailableError("PostgreSQL has no partition for it")
        case asyncpg.exceptions.IntegrityConstraintViolationError():
            return UnstorableError(f"a value breaks the rule {error.constraint_name}")
        case asyncpg.exceptions.ProgramLimitExceededError():
            return UnstorableError("a value is too large for PostgreSQL")
        case asyncpg.exceptions.DataError() | ValueError() | OverflowError():
            return UnstorableError("PostgreSQL cannot hold one of its values")
    return StoreUnavailableError(str(error) or "PostgreSQL refused a statement")


class Database:
    """A pool of connections, created by `Database.open`; it needs no server until a connection is requested."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        broken_off: set[int],
        on_failure: Callable[[StoreUnavailableError], None] | None,
    ) -> None:
        self._pool = pool
        self._broken_off = broken_off
        self._on_failure = on_failure

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, size: int = 10, on_failure: Callable[[StoreUnavailableError], None] | None = None
    ) -> AsyncIterator[Self]:
        """`on_failure` is called with each StoreUnavailableError before it is raised."""
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
            connect=_connect,
            init=_init,
            reset=reset,
            server_settings={"application_name": "mailprobe-controller", "timezone": "UTC", "jit": "off"},
        )
        async with pool:
            yield cls(pool, broken_off, on_failure)

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
            raise await self.failed(error) from error

    async def failed(self, error: BaseException) -> StoreUnavailableError:
        """The error to raise for one of AWAY."""
        failure = unavailable(error)
        if isinstance(failure, StoreReadOnlyError):
            await self.replace_connections()
        self.note(failure)
        return failure

    def note(self, failure: StoreUnavailableError) -> None:
        """Report an error of a connection that is not of this pool, as those of the pool are."""
        if self._on_failure is not None:
            self._on_failure(failure)

    async def replace_connections(self) -> None:
        """Use new connections from now on: another server may take writes after a fail-over."""
        await self._pool.expire_connections()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction. Raises StoreUnavailableError."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def planned_anew(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction whose statements are planned anew each time: for filters that may be left
        out. One plan for all of them finds no index. Raises StoreUnavailableError.
        """
        async with self.transaction() as connection:
            await connection.execute(PLAN_ANEW)
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
        connection: asyncpg.Connection[asyncpg.Record] = await _connect(
            url, timeout=ACQUIRE_SECONDS, command_timeout=COMMAND_SECONDS
        )
        await _init(connection)
    except AWAY as error:
        raise unavailable(error) from error
    return connection


async def _connect(*arguments: Any, **options: Any) -> Any:
    """Connect like asyncpg.connect: to the server that takes writes if the URL names several, else to one that can be
    read. A URL with `target_session_attrs` of its own decides by itself.
    """
    if "target_session_attrs" not in arguments[0]:
        try:
            return await asyncpg.connect(*arguments, **options, target_session_attrs=SessionAttribute.read_write)
        except TimeoutError:
            raise
        except (OSError, asyncpg.TargetServerAttributeNotMatched):
            pass
    return await asyncpg.connect(*arguments, **options)


async def _init(connection: Connection) -> None:
    """Encode json columns by msgspec when written, and decode them to plain objects when read."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=_encode_json, decoder=msgspec.json.decode, schema="pg_catalog", format="text"
        )


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
