"""Whether the database can be written."""

from __future__ import annotations

from controller.store.platform.pool import READ_ONLY, Database, StoreReadOnlyError

_ROWS = 20_000
"""They fill 90 pages, more than a table may still have free."""


async def require_writable(database: Database) -> None:
    """Raises StoreReadOnlyError, StoreUnavailableError."""
    async with database.connection() as connection:
        read_only = await connection.fetchval("SELECT current_setting('transaction_read_only')::boolean")
    if read_only:
        await database.replace_connections()
        raise StoreReadOnlyError(READ_ONLY)


async def require_space(database: Database) -> None:
    """Write a table that needs new space on the disk, and undo that. Raises StoreFullError, StoreUnavailableError."""
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(
                "CREATE TABLE write_test AS SELECT number FROM generate_series(1, $1::int) AS number", _ROWS
            )
        finally:
            await transaction.rollback()
