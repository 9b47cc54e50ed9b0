"""What callers name as targets of a window, found by number, public id or code."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Database


class NamedTarget(NamedTuple):
    """A monitor with its customer, or a customer."""

    id: int
    public_id: UUID
    customer_id: int
    name: str


async def monitors_named(
    database: Database, organization_id: int, identifiers: Collection[int | UUID]
) -> list[NamedTarget]:
    """Those that exist, in this organization."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, customer_id, name FROM monitor
            WHERE organization_id = $1 AND deleted_at IS NULL
              AND (id = ANY ($2::bigint[]) OR public_id = ANY ($3::uuid[]))
            """,
            organization_id,
            [one for one in identifiers if isinstance(one, int)],
            [one for one in identifiers if isinstance(one, UUID)],
        )
    return [NamedTarget(*row) for row in rows]


async def customers_named(
    database: Database, organization_id: int, identifiers: Collection[int | UUID]
) -> list[NamedTarget]:
    """The same."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, id AS customer_id, name FROM customer
            WHERE organization_id = $1 AND (id = ANY ($2::bigint[]) OR public_id = ANY ($3::uuid[]))
            """,
            organization_id,
            [one for one in identifiers if isinstance(one, int)],
            [one for one in identifiers if isinstance(one, UUID)],
        )
    return [NamedTarget(*row) for row in rows]


async def locations_named(database: Database, codes: Collection[str]) -> dict[str, int]:
    """The numbers of the locations with these codes, by code."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT code, id FROM location WHERE code = ANY ($1::text[]) AND removed_at IS NULL", list(codes)
        )
    return {row["code"]: row["id"] for row in rows}
