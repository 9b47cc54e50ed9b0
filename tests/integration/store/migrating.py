"""Migrations applied up to one of them, and taken back, as the product itself never does."""

from __future__ import annotations

from hashlib import sha256

import asyncpg

from controller.store.platform import migration_files

EARLIER_TABLES = """
CREATE TABLE public._pogo_migration (
  migration_hash VARCHAR(64), migration_id VARCHAR(255), applied TIMESTAMPTZ, PRIMARY KEY (migration_hash)
);
CREATE TABLE public._pogo_version (version INT NOT NULL PRIMARY KEY, installed TIMESTAMPTZ);
INSERT INTO public._pogo_version (version, installed) VALUES (0, now());
ALTER TABLE public._pogo_migration ADD COLUMN schema_name VARCHAR(64);
UPDATE public._pogo_migration SET schema_name = 'public';
ALTER TABLE public._pogo_migration ALTER COLUMN schema_name SET NOT NULL, DROP CONSTRAINT _pogo_migration_pkey,
  ADD PRIMARY KEY (migration_hash, schema_name);
INSERT INTO public._pogo_version (version, installed) VALUES (1, now());
"""
"""What earlier versions made with pogo-core 0.1.6, statement by statement."""


async def apply_before(connection: asyncpg.Connection[asyncpg.Record], first_missing: str) -> list[str]:
    """Apply what comes before `first_missing` to an empty database as earlier versions did; return the names."""
    await connection.execute(EARLIER_TABLES)
    earlier = [each for each in migration_files.read() if each.name < first_missing]
    for migration in earlier:
        async with connection.transaction():
            await connection.execute(migration.apply)
            await connection.execute(
                "INSERT INTO public._pogo_migration (migration_hash, migration_id, schema_name, applied)"
                " VALUES ($1, $2, 'public', now())",
                sha256(migration.name.encode()).hexdigest(),
                migration.name,
            )
    return [migration.name for migration in earlier]


async def take_back(connection: asyncpg.Connection[asyncpg.Record], since: str = "") -> None:
    """Take back the migrations from `since` on, the last one first."""
    for migration in reversed(migration_files.read()):
        if migration.name >= since:
            async with connection.transaction():
                await connection.execute(migration.rollback)
                await connection.execute("DELETE FROM _pogo_migration WHERE migration_id = $1", migration.name)


async def applied(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """The names of what is applied."""
    rows = await connection.fetch("SELECT migration_id FROM _pogo_migration ORDER BY migration_id")
    return [row["migration_id"] for row in rows]
