"""Migrate the schema to the one this version expects, and refuse to work with another one.

The names of applied migrations are in `_pogo_migration`. The table is named after the library that earlier versions
used (docs/decisions, 028): they look for newer migrations there, and refuse the database when they find one.
"""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256

import asyncpg
import structlog

from controller.store.platform import locks, migration_files, rules
from controller.store.platform.migration_files import Migration, MigrationFileError
from controller.store.platform.pool import ACQUIRE_SECONDS, AWAY, Connection, Database, unavailable

log = structlog.get_logger()

MIGRATION_SECONDS = 1800.0
"""The time for all statements of a migration together."""

_TRY_SECONDS = 1800.0
_LOCK_TIMEOUT = "300ms"
_PAUSE_SECONDS = 2.0

_MAKE_TABLE = """
CREATE TABLE IF NOT EXISTS public._pogo_migration (
  migration_hash varchar(64),
  migration_id varchar(255),
  applied timestamptz,
  schema_name varchar(64) NOT NULL,
  PRIMARY KEY (migration_hash, schema_name)
)
"""
_APPLIED = "SELECT migration_id FROM public._pogo_migration WHERE schema_name = 'public'"
_STORE = """
INSERT INTO public._pogo_migration (migration_hash, migration_id, applied, schema_name)
VALUES ($1, $2, now(), 'public')
"""


class SchemaError(Exception):
    """The schema is not the one this version needs, or a migration failed; the message says what to do."""


async def apply(url: str) -> None:
    """Apply all migrations that are missing, one controller at a time. Raises SchemaError, StoreUnavailableError."""
    migrations = _read()
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS, command_timeout=MIGRATION_SECONDS)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", locks.MIGRATION)
            await connection.execute(_MAKE_TABLE)
            applied = await _applied(connection)
            _refuse_newer(applied, [migration.name for migration in migrations])
            missing = [migration for migration in migrations if migration.name not in applied]
            for migration in missing:
                await _apply(connection, migration)
            changed = await _make_rules(connection)
        finally:
            await connection.close(timeout=ACQUIRE_SECONDS)
    except AWAY as error:
        raise unavailable(error) from error
    log.info("schema_migrated", applied=[migration.name for migration in missing], rules=changed)


async def require_current(database: Database) -> None:
    """Raises SchemaError when migrations are missing or a newer version made some; StoreUnavailableError."""
    names = migration_files.names()
    differing: list[str] = []
    try:
        async with database.connection() as connection:
            applied = await _applied(connection)
            if applied.issuperset(names):
                differing = await rules.differing(connection)
    except asyncpg.UndefinedTableError:
        applied = set()
    missing = [name for name in names if name not in applied]
    if missing:
        raise SchemaError(f"the database misses {', '.join(missing)}: run `mailprobe-controller migrate`")
    _refuse_newer(applied, names)
    if differing:
        others = ", ".join(differing)
        raise SchemaError(f"the database has other functions ({others}): run `mailprobe-controller migrate`")


async def _apply(connection: Connection, migration: Migration) -> None:
    """Everybody who comes after a statement that waits for a table waits behind it. So it waits for moments only, and
    is tried again while others use the table for long, as a backup does.
    """
    ends = time.monotonic() + _TRY_SECONDS
    while not await _try(connection, migration):
        if time.monotonic() > ends:
            raise SchemaError(f"migration {migration.name} was not applied: others use its tables all the time")
        log.info("migration_waits", name=migration.name, reason="others use its tables")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _try(connection: Connection, migration: Migration) -> bool:
    """False when others hold locks, and nothing was done."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', $1, true)", _LOCK_TIMEOUT)
            await connection.execute(migration.apply)
            await connection.execute(_STORE, sha256(migration.name.encode()).hexdigest(), migration.name)
    except asyncpg.LockNotAvailableError:
        return False
    except AWAY:
        raise
    except asyncpg.PostgresError as error:
        raise SchemaError(f"migration {migration.name} failed: {error}") from error
    return True


async def _make_rules(connection: Connection) -> list[str]:
    try:
        return await rules.make(connection)
    except AWAY:
        raise
    except asyncpg.PostgresError as error:  # such as a function that belongs to another role
        raise SchemaError(f"the functions of rules cannot be made: {error}") from error


async def _applied(connection: Connection) -> set[str]:
    return {row["migration_id"] for row in await connection.fetch(_APPLIED)}


def _refuse_newer(applied: set[str], names: list[str]) -> None:
    newer = sorted(applied.difference(names))
    if newer:
        raise SchemaError(f"the database was migrated by a newer version ({', '.join(newer)}): update this program")


def _read() -> list[Migration]:
    try:
        return migration_files.read()
    except MigrationFileError as error:
        raise SchemaError(str(error)) from error
