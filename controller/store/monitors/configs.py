"""The stored configs of all monitors, notification channels, sign-ons and rotas, read to encrypt their secrets anew."""

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
    SIGN_ON = "sign_on"
    ROTA = "rota"


_AFTER = {
    Table.MONITOR: """
        SELECT id, public_id::text AS name, config, config::text AS text FROM monitor
        WHERE id > $1 AND config::text <> '{}' ORDER BY id LIMIT $2
        """,
    Table.CHANNEL: """
        SELECT id, 'notification channel ' || id AS name, config, config::text AS text FROM notification_channel
        WHERE id > $1 AND config::text <> '{}' ORDER BY id LIMIT $2
        """,
    Table.SIGN_ON: """
        SELECT id, 'single sign-on of organization ' || organization_id AS name, config, config::text AS text
        FROM sign_on WHERE id > $1 AND config::text <> '{}' ORDER BY id LIMIT $2
        """,
    Table.ROTA: """
        SELECT id, 'rota ' || id AS name, config, config::text AS text FROM rota
        WHERE id > $1 AND config::text <> '{}' ORDER BY id LIMIT $2
        """,
}
_BY_ID = {
    Table.MONITOR: "SELECT id, public_id::text AS name, config, config::text AS text FROM monitor WHERE id = $1",
    Table.CHANNEL: """
        SELECT id, 'notification channel ' || id AS name, config, config::text AS text FROM notification_channel
        WHERE id = $1
        """,
    Table.SIGN_ON: """
        SELECT id, 'single sign-on of organization ' || organization_id AS name, config, config::text AS text
        FROM sign_on WHERE id = $1
        """,
    Table.ROTA: "SELECT id, 'rota ' || id AS name, config, config::text AS text FROM rota WHERE id = $1",
}
_REPLACE = {
    Table.MONITOR: "UPDATE monitor SET config = $2 WHERE id = $1 AND config::text = $3 RETURNING true",
    Table.CHANNEL: "UPDATE notification_channel SET config = $2 WHERE id = $1 AND config::text = $3 RETURNING true",
    Table.SIGN_ON: "UPDATE sign_on SET config = $2 WHERE id = $1 AND config::text = $3 RETURNING true",
    Table.ROTA: "UPDATE rota SET config = $2 WHERE id = $1 AND config::text = $3 RETURNING true",
}


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
        rows = await connection.fetch(_AFTER[table], number, BATCH)
    return [StoredConfig(table=table, **row) for row in rows]


async def by_id(database: Database, table: Table, number: int) -> StoredConfig | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(_BY_ID[table], number)
    return StoredConfig(table=table, **row) if row else None


async def replace(database: Database, stored: StoredConfig, config: dict[str, Any]) -> bool:
    """False, and nothing stored, when it changed meanwhile. Its users see no change, so its timestamps are
    kept; schedulers are notified of a monitor's new config as of any change.
    """
    async with database.connection() as connection:
        replaced = await connection.fetchval(_REPLACE[stored.table], stored.id, config, stored.text)
    return replaced is True
