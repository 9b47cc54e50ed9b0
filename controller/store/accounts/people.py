"""People who can log in. Their passwords are stored as Argon2id hashes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from controller.model import Account, Role
from controller.store.platform.pool import Connection, Database

MOST_LISTED = 1000

_ONE = """
SELECT id, public_id, organization_id, email, first_name, last_name, role, customer_ids, last_login_at, created_at,
  updated_at
FROM account WHERE id = $1 OR public_id = $2
"""


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account before it has ids and timestamps. `password_hash` is an Argon2id hash."""

    organization_id: int
    email: str
    first_name: str | None
    last_name: str | None
    role: Role
    customer_ids: list[int] | None
    password_hash: str


async def insert(database: Database, new: NewAccount) -> Account | None:
    """None when another account has that e-mail address, in upper or lower case."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO account (organization_id, email, first_name, last_name, role, customer_ids, password_hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (lower(email)) DO NOTHING
            RETURNING id, public_id, organization_id, email, first_name, last_name, role, customer_ids, last_login_at,
              created_at, updated_at
            """,
            *msgspec.structs.astuple(new),
        )
    return _account(row) if row else None


async def accounts_of(database: Database, organization_id: int) -> list[Account]:
    """The accounts of the organization, oldest first, MOST_LISTED at most."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, organization_id, email, first_name, last_name, role, customer_ids, last_login_at,
              created_at, updated_at
            FROM account WHERE organization_id = $1 ORDER BY id LIMIT $2
            """,
            organization_id,
            MOST_LISTED,
        )
    return [_account(row) for row in rows]


async def by_identifier(database: Database, identifier: int | UUID) -> Account | None:
    """By number or public id."""
    async with database.connection() as connection:
        return await _fetch(connection, identifier)


async def lock(database: Database, numbers: Collection[int]) -> dict[int, Account]:
    """These accounts by number, as far as they exist. Nobody changes or deletes them until the transaction ends; they
    are locked in order, so that two callers cannot wait for each other.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, organization_id, email, first_name, last_name, role, customer_ids, last_login_at,
              created_at, updated_at
            FROM account WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE
            """,
            list(numbers),
        )
    return {row["id"]: _account(row) for row in rows}


async def login_of(database: Database, email: str) -> tuple[int, str] | None:
    """Number and password hash of the account with this e-mail address, in upper or lower case."""
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT id, password_hash FROM account WHERE lower(email) = lower($1)", email)
    return (row["id"], row["password_hash"]) if row else None


async def change(
    database: Database, account_id: int, decide: Callable[[Account], Account], *, password_hash: str | None
) -> Account | None:
    """Replace an account by what `decide` makes of it, while its row is locked; None when it does not exist.

    A new password ends its sessions and login links. Raises LookupError when another account has the new address.
    """
    try:
        async with database.transaction() as connection:
            await connection.execute("SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id)
            old = await _fetch(connection, account_id)
            if old is None:
                return None
            new = decide(old)
            changed_at = await connection.fetchval(
                """
                UPDATE account SET email = $2, first_name = $3, last_name = $4, role = $5, customer_ids = $6,
                  password_hash = coalesce($7, password_hash), updated_at = clock_timestamp()
                WHERE id = $1 RETURNING updated_at
                """,
                new.id,
                new.email,
                new.first_name,
                new.last_name,
                new.role,
                new.customer_ids,
                password_hash,
            )
            if password_hash is not None:
                await connection.execute("DELETE FROM session WHERE account_id = $1", account_id)
                await connection.execute("DELETE FROM login_code WHERE account_id = $1", account_id)
    except asyncpg.UniqueViolationError as error:
        raise LookupError from error
    return msgspec.structs.replace(new, updated_at=changed_at)


async def delete(database: Database, account_id: int) -> bool:
    """Delete an account with its sessions; False when it was already deleted."""
    async with database.connection() as connection:
        deleted = await connection.fetchval("DELETE FROM account WHERE id = $1 RETURNING true", account_id)
    return deleted is True


async def _fetch(connection: Connection, identifier: int | UUID) -> Account | None:
    number, public_id = (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
    row = await connection.fetchrow(_ONE, number, public_id)
    return _account(row) if row else None


def _account(row: Any) -> Account:
    return Account(**{**row, "role": Role(row["role"])})
