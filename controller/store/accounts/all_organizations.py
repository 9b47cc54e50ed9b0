"""All organizations of the installation: adding one, and finding one by what a person calls it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.accounts.organizations import MOST_LISTED
from controller.store.platform.pool import Connection, Database


class ListedOrganization(NamedTuple):
    """An organization, and how many customers, people and monitors it has."""

    id: int
    public_id: UUID
    name: str
    created_at: datetime
    updated_at: datetime
    customers: int
    users: int
    monitors: int


async def insert(database: Database, name: str, customer: str) -> int | None:
    """Store an organization with its first customer. Returns its number, or None when another one has the name, in
    upper or lower case.
    """
    async with database.transaction() as connection:
        if await _taken(connection, name, 0):
            return None
        number: int = await connection.fetchval(
            """
            WITH new_organization AS (INSERT INTO organization (name) VALUES ($1) RETURNING id),
              new_customer AS (INSERT INTO customer (organization_id, name) SELECT id, $2 FROM new_organization)
            SELECT id FROM new_organization
            """,
            name,
            customer,
        )
    return number


async def is_taken(database: Database, name: str, *, but: int) -> bool:
    """Whether another organization than `but` has the name, in upper or lower case. Within `one_transaction` it stays
    as it is until that ends.
    """
    async with database.transaction() as connection:
        return await _taken(connection, name, but)


async def called(database: Database, text: str) -> list[int]:
    """The numbers of those with this number, public id or name: two at most, for a name can be ambiguous."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id FROM organization
            WHERE $1 IN (id::text, name) OR lower($1) = public_id::text ORDER BY id LIMIT 2
            """,
            text,
        )
    return [row["id"] for row in rows]


async def listed(database: Database, only: int | None = None) -> list[ListedOrganization]:
    """Oldest first, MOST_LISTED at most, or `only` the one with this number."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, name, created_at, updated_at,
              (SELECT count(*) FROM customer WHERE organization_id = organization.id) AS customers,
              (SELECT count(*) FROM account WHERE organization_id = organization.id) AS users,
              (SELECT count(*) FROM monitor WHERE organization_id = organization.id AND deleted_at IS NULL) AS monitors
            FROM organization WHERE $2::bigint IS NULL OR id = $2 ORDER BY id LIMIT $1
            """,
            MOST_LISTED,
            only,
        )
    return [ListedOrganization(*row) for row in rows]


async def _taken(connection: Connection, name: str, but: int) -> bool:
    # So that two at once do not both find a name free.
    await connection.execute("LOCK TABLE organization IN SHARE ROW EXCLUSIVE MODE")
    taken: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM organization WHERE lower(name) = lower($1) AND id <> $2)", name, but
    )
    return taken
