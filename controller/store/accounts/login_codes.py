"""Codes that log an account in once. Only their SHA-256 is stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.store.accounts.tokens import digest
from controller.store.platform.pool import Database
from shared.secret import Secret

LIFE = timedelta(minutes=10)


class CodeOwner(NamedTuple):
    """The account that a code logs in."""

    public_id: UUID
    organization_id: int
    email: str


async def insert(database: Database, email: str | None, code: Secret) -> CodeOwner | None:
    """Store a code for the account with this e-mail address; without one, for the first administrator of the
    organization that runs the installation. None when there is no such account.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            WITH found AS (
              SELECT id, public_id, organization_id, email FROM account
              WHERE CASE WHEN $1::text IS NULL
                THEN role IN ('admin', 'global_admin') AND customer_ids IS NULL
                  AND organization_id = (SELECT min(id) FROM organization)
                ELSE lower(email) = lower($1) END
              ORDER BY id LIMIT 1
            ), made AS (
              INSERT INTO login_code (code_hash, account_id, expires_at) SELECT $2, id, now() + $3::interval FROM found
            )
            SELECT public_id, organization_id, email FROM found
            """,
            email,
            digest(code.reveal()),
            LIFE,
        )
    return CodeOwner(*row) if row else None


async def insert_for(database: Database, account_id: int, code: Secret, life: timedelta) -> datetime:
    """Store a code for this account in place of those that it has. Returns until when it is valid."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM login_code WHERE account_id = $1", account_id)
        until: datetime = await connection.fetchval(
            "INSERT INTO login_code (code_hash, account_id, expires_at) VALUES ($2, $1, now() + $3::interval)"
            " RETURNING expires_at",
            account_id,
            digest(code.reveal()),
            life,
        )
    return until


async def use(database: Database, code: str) -> int | None:
    """Use a code up. Returns the number of its account; None when it is unknown, used or expired."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "DELETE FROM login_code WHERE code_hash = $1 RETURNING account_id, expires_at > now() AS valid",
            digest(code),
        )
    return row["account_id"] if row and row["valid"] else None


async def forget_expired(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM login_code WHERE expires_at < now()")
