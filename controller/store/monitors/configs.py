"""The stored configs of all monitors and notification channels, read to encrypt their secrets anew."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from controller.store.platform.pool import Database

BATCH = 500


class Table(StrEnum):
    """The tables that hold configs."""

    MONITOR = "monitor"
    CHANNEL = "notification_channel"


_NAMES = {Table.MONITOR: "public_id::text", Table.CHANNEL: "'notification channel ' || id"}


class StoredConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the name by which people know its owner; `text` is the config's exact text, to detect a change."""

    table: Table
    id: int
    name: str
    config: dict[str, Any]
    text: str


async def after(database: Database, table: Table, number: int) -> list[StoredConfig]:
    """The next BATCH of the table after that number, deleted monitors too: their secrets must be readable as long as
    they are stored.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"{_select(table)} WHERE id > $1 AND config::text <> '{{}}' ORDER BY id LIMIT $2", number, BATCH
        )
    return [StoredConfig(table=table, **row) for row in rows]


async def by_id(database: Database, table: Table, number: int) -> StoredConfig | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(f"{_select(table)} WHERE id = $1", number)
    return StoredConfig(table=table, **row) if row else None


async def replace(database: Database, stored: StoredConfig, config: dict[str, Any]) -> bool:
    """False, and nothing stored, when it changed meanwhile. Its users see no change, so its timestamps are
    kept; schedulers are notified of a monitor's new config as of any change.
    """
    async with database.connection() as connection:
        replaced = await connection.fetchval(
            f"UPDATE {stored.table} SET config = $2 WHERE id = $1 AND config::text = $3 RETURNING true",  # noqa: S608 - constants only
            stored.id,
            config,
            stored.text,
        )
    return replaced is True


def _select(table: Table) -> str:
    return f"SELECT id, {_NAMES[table]} AS name, config, config::text AS text FROM {table}"  # noqa: S608 - constants only
