"""The names of monitors, customers and organizations, and their public ids."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from controller.store.platform.pool import Database


class Named(StrEnum):
    """An object with a name."""

    MONITOR = "monitor"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"


_BY_NAME = {
    Named.MONITOR: """
        SELECT public_id FROM monitor WHERE lower(name) = lower($1) OR public_id::text = lower($1) ORDER BY id
        """,
    Named.CUSTOMER: """
        SELECT public_id FROM customer WHERE lower(name) = lower($1) OR public_id::text = lower($1) ORDER BY id
        """,
    Named.ORGANIZATION: """
        SELECT public_id FROM organization WHERE lower(name) = lower($1) OR public_id::text = lower($1) ORDER BY id
        """,
}


async def ids_by_name(database: Database, what: Named, name: str) -> list[UUID]:
    """The public ids of all with that name, in upper or lower case, or with that public id; deleted ones too.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(_BY_NAME[what], name)
    return [row["public_id"] for row in rows]


async def monitor_names(database: Database) -> dict[UUID, str]:
    """Every monitor's name, deleted ones too. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT public_id, name FROM monitor")
    return {row["public_id"]: row["name"] for row in rows}
