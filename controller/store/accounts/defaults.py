"""The defaults for new monitors that an organization has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.decisions.monitors.defaults import AccountDefaults
from controller.store.platform.pool import Database

_READ = "SELECT changed FROM account_defaults WHERE organization_id = $1"
_READ_AND_LOCK = "SELECT changed FROM account_defaults WHERE organization_id = $1 FOR UPDATE"


async def defaults_of(database: Database, organization_id: int, *, lock: bool = False) -> AccountDefaults:
    """With `lock` nobody else changes them until the transaction ends, once they were changed at all."""
    async with database.connection() as connection:
        changed = await connection.fetchval(_READ_AND_LOCK if lock else _READ, organization_id)
    return msgspec.convert(changed or {}, AccountDefaults)


async def change_defaults(database: Database, organization_id: int, values: Mapping[str, Any]) -> AccountDefaults:
    """Set these values and keep the others."""
    async with database.connection() as connection:
        changed = await connection.fetchval(
            """
            INSERT INTO account_defaults AS old (organization_id, changed) VALUES ($1, $2)
            ON CONFLICT (organization_id) DO UPDATE
              SET changed = (old.changed::jsonb || excluded.changed::jsonb)::json, updated_at = clock_timestamp()
            RETURNING changed
            """,
            organization_id,
            dict(values),
        )
    return msgspec.convert(changed, AccountDefaults)
