"""Saved filters of the overview. Every read names an organization, so that no caller reaches another one by mistake."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import asyncpg
import msgspec

from controller.model.saved_filters import SavedFilter
from controller.store.platform.pool import Connection, Database

MOST = 50
"""How many a person may have in an organization, and the organization besides."""


class NewFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter before it has an id and timestamps."""

    organization_id: int
    account_id: int | None
    customer_id: int | None
    name: str
    query: str


class NameTakenError(Exception):
    """The person, or the organization, has a filter of this name."""


class TooManyFiltersError(Exception):
    """The person, or the organization, has MOST of them."""


async def filters_of(
    database: Database, organization_id: int, account_id: int | None, customer_ids: frozenset[int] | None
) -> list[SavedFilter]:
    """Those of this account and the organization's, by name. Who is limited to customers does not see those that name
    another one.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, organization_id, account_id, customer_id, name, query, created_at, updated_at
            FROM saved_filter
            WHERE organization_id = $1 AND (account_id IS NULL OR account_id = $2)
              AND ($3::bigint[] IS NULL OR customer_id IS NULL OR customer_id = ANY ($3))
            ORDER BY lower(name), id
            """,
            organization_id,
            account_id,
            None if customer_ids is None else sorted(customer_ids),
        )
    return [SavedFilter(**row) for row in rows]


async def by_id(database: Database, organization_id: int, public_id: UUID) -> SavedFilter | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, public_id, organization_id, account_id, customer_id, name, query, created_at, updated_at
            FROM saved_filter WHERE organization_id = $1 AND public_id = $2
            """,
            organization_id,
            public_id,
        )
    return SavedFilter(**row) if row else None


async def insert(database: Database, new: NewFilter) -> SavedFilter:
    """Raises NameTakenError, TooManyFiltersError."""
    async with database.transaction() as connection:
        await _require_room(connection, new.organization_id, new.account_id)
        try:
            row = await connection.fetchrow(
                """
                INSERT INTO saved_filter (organization_id, account_id, customer_id, name, query)
                VALUES ($1, $2, $3, $4, $5)
                RETURNING id, public_id, created_at, updated_at
                """,
                *msgspec.structs.astuple(new),
            )
        except asyncpg.UniqueViolationError as error:
            raise NameTakenError from error
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return SavedFilter(**msgspec.structs.asdict(new), **row)


async def change(database: Database, number: int, decide: Callable[[SavedFilter], SavedFilter]) -> SavedFilter | None:
    """Replace a filter by what `decide` makes of it, while its row is locked; None when it does not exist. Raises
    NameTakenError, TooManyFiltersError.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, public_id, organization_id, account_id, customer_id, name, query, created_at, updated_at
            FROM saved_filter WHERE id = $1 FOR UPDATE
            """,
            number,
        )
        if row is None:
            return None
        old = SavedFilter(**row)
        new = decide(old)
        if new.account_id != old.account_id:
            await _require_room(connection, new.organization_id, new.account_id)
        try:
            changed_at = await connection.fetchval(
                """
                UPDATE saved_filter SET
                  account_id = $2, customer_id = $3, name = $4, query = $5, updated_at = clock_timestamp()
                WHERE id = $1 RETURNING updated_at
                """,
                new.id,
                new.account_id,
                new.customer_id,
                new.name,
                new.query,
            )
        except asyncpg.UniqueViolationError as error:
            raise NameTakenError from error
    return msgspec.structs.replace(new, updated_at=changed_at)


async def delete(database: Database, number: int) -> bool:
    """False when it does not exist."""
    async with database.connection() as connection:
        gone = await connection.fetchval("DELETE FROM saved_filter WHERE id = $1 RETURNING true", number)
    return gone is True


async def _require_room(connection: Connection, organization_id: int, account_id: int | None) -> None:
    """Raises TooManyFiltersError. Requests of an organization that arrive at once wait for each other."""
    await connection.execute("SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)
    count = await connection.fetchval(
        "SELECT count(*) FROM saved_filter WHERE organization_id = $1 AND account_id IS NOT DISTINCT FROM $2",
        organization_id,
        account_id,
    )
    if count >= MOST:
        raise TooManyFiltersError
