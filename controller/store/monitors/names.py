"""The names of monitors, customers and organizations, and their public ids."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from controller.store.platform.pool import Database


class Named(StrEnum):
    """An object with a name; the value is its table."""

    MONITOR = "monitor"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"


async def ids_by_name(database: Database, what: Named, name: str) -> list[UUID]:
    """The public ids of all with that name, in upper or lower case, or with that public id; deleted ones too.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"""
            SELECT public_id FROM {what.value} WHERE lower(name) = lower($1) OR public_id::text = lower($1) ORDER BY id
            """,  # noqa: S608 - a constant
            name,
        )
    return [row["public_id"] for row in rows]


async def monitor_names(database: Database) -> dict[UUID, str]:
    """Every monitor's name, deleted ones too. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT public_id, name FROM monitor")
    return {row["public_id"]: row["name"] for row in rows}
