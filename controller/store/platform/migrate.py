"""Migrate the schema to the one this version expects, and refuse to work with another one.

Migrations are the numbered SQL files in controller/store/migrations. pogo-core runs each in a transaction and stores
its name.
"""

from __future__ import annotations

import logging
from pathlib import Path

import asyncpg
import structlog
from pogo_core.error import BadMigrationError
from pogo_core.util import migrate as pogo
from pogo_core.util.sql import ensure_pogo_sync, get_applied_migrations

from controller.store.platform import locks, rules
from controller.store.platform.pool import ACQUIRE_SECONDS, AWAY, Database, unavailable

log = structlog.get_logger()

DIRECTORY = Path(__file__).parent.parent / "migrations"
MIGRATION_SECONDS = 600.0
_SCHEMA = "public"

# pogo-core logs a warning for each file it applies; the one line of our own lists them instead.
_quiet = logging.Logger("pogo", logging.CRITICAL)  # noqa: LOG001 - private, so that no configuration applies to it


class SchemaError(Exception):
    """The schema is not the one this version needs, or a migration failed; the message says what to do."""


async def apply(url: str) -> None:
    """Apply all migrations that are missing, one controller at a time. Raises SchemaError, StoreUnavailableError."""
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS, command_timeout=MIGRATION_SECONDS)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", locks.MIGRATION)
            await ensure_pogo_sync(connection)
            before = await get_applied_migrations(connection, schema_name=_SCHEMA)
            _refuse_newer(before)
            await pogo.apply(connection, DIRECTORY, schema_name=_SCHEMA, logger=_quiet)
            changed = await rules.make(connection)
        finally:
            await connection.close(timeout=ACQUIRE_SECONDS)
    except AWAY as error:
        raise unavailable(error) from error
    except BadMigrationError as error:
        if isinstance(error.__cause__, AWAY):
            raise unavailable(error.__cause__) from error
        raise SchemaError(f"{error}: {error.__cause__}") from error
    log.info("schema_migrated", applied=sorted(_known() - before), rules=changed)


async def require_current(database: Database) -> None:
    """Raises SchemaError when migrations are missing or a newer version made some; StoreUnavailableError."""
    differing: list[str] = []
    try:
        async with database.connection() as connection:
            rows = await connection.fetch(
                "SELECT migration_id FROM public._pogo_migration WHERE schema_name = $1", _SCHEMA
            )
            applied = {row["migration_id"] for row in rows}
            if _known() <= applied:
                differing = await rules.differing(connection)
    except asyncpg.UndefinedTableError:
        applied = set()
    missing = sorted(_known() - applied)
    if missing:
        raise SchemaError(f"the database misses {', '.join(missing)}: run `mailprobe-controller migrate`")
    _refuse_newer(applied)
    if differing:
        others = ", ".join(differing)
        raise SchemaError(f"the database has other functions ({others}): run `mailprobe-controller migrate`")


def _refuse_newer(applied: set[str]) -> None:
    newer = sorted(applied - _known())
    if newer:
        raise SchemaError(f"the database was migrated by a newer version ({', '.join(newer)}): update this program")


def _known() -> set[str]:
    return {path.stem for path in DIRECTORY.glob("*.sql")}
