"""Sessions of people: browsers by a cookie, programs by an access token. Only the SHA-256 of either is stored."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import principal_of_person
from controller.model import OwnSession, Principal, Role
from controller.store.accounts.tokens import digest
from controller.store.platform.pool import Database, StoreUnwritableError
from shared.secret import Secret

COOKIE_IDLE = timedelta(hours=12)
COOKIE_LIFE = timedelta(days=7)
ACCESS_TOKEN_LIFE = timedelta(hours=1)
MOST_LISTED = 200
_NOTED_EVERY = timedelta(minutes=1)


async def insert(
    database: Database,
    account_id: int,
    token: Secret,
    *,
    cookie: bool,
    address: str | None = None,
    user_agent: str | None = None,
    choosing: timedelta | None = None,
) -> UUID:
    """A cookie's session lasts COOKIE_LIFE, and COOKIE_IDLE after its last use; an access token ACCESS_TOKEN_LIFE. For
    as long as `choosing` it may choose a password without the current one. Returns its public id.
    """
    async with database.connection() as connection:
        made: UUID = await connection.fetchval(
            """
            WITH logged_in AS (UPDATE account SET last_login_at = now() WHERE id = $2)
            INSERT INTO session (token_hash, account_id, cookie, idle_until, expires_at, address, user_agent,
              may_choose_password_until)
            VALUES ($1, $2, $3, now() + $4::interval, now() + $5::interval, $6, $7, now() + $8::interval)
            RETURNING public_id
            """,
            digest(token.reveal()),
            account_id,
            cookie,
            COOKIE_IDLE if cookie else ACCESS_TOKEN_LIFE,
            COOKIE_LIFE if cookie else ACCESS_TOKEN_LIFE,
            address,
            user_agent,
            choosing,
        )
    return made


async def may_choose_password(database: Database, public_id: UUID) -> bool:
    """Whether this session may choose a password without the current one."""
    async with database.connection() as connection:
        found = await connection.fetchval(
            "SELECT may_choose_password_until > now() FROM session WHERE public_id = $1", public_id
        )
    return found is True


async def principal_of(database: Database, token: str, *, cookie: bool) -> Principal | None:
    """The principal of a session; None when it is unknown or over. Each use extends a cookie's session, as long as the
    database can be written.
    """
    token_hash = digest(token)
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT account.id, organization_id, role, customer_ids, session.public_id AS session,
              cookie AND idle_until < now() + $3::interval - $4::interval AS to_extend
            FROM session JOIN account ON account.id = account_id
            WHERE token_hash = $1 AND cookie = $2 AND idle_until > now() AND expires_at > now()
            """,
            token_hash,
            cookie,
            COOKIE_IDLE,
            _NOTED_EVERY,
        )
    if row is None:
        return None
    if row["to_extend"]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute(
                    "UPDATE session SET idle_until = now() + $2::interval WHERE token_hash = $1 AND idle_until > now()",
                    token_hash,
                    COOKIE_IDLE,
                )
    return msgspec.structs.replace(principal(row), session=row["session"])


def principal(row: Any) -> Principal:
    """The principal for a row with an account's id, organization_id, role and customer_ids."""
    return principal_of_person(row["id"], row["organization_id"], Role(row["role"]), row["customer_ids"])


async def sessions_of(database: Database, account_id: int, token: str | None) -> list[OwnSession]:
    """The sessions of an account that have not ended, the latest login first. The one of `token` is the current one."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT public_id, cookie, address, user_agent, created_at, token_hash = $2 AS current,
              CASE WHEN cookie THEN greatest(created_at, idle_until - $3::interval) END AS last_used_at
            FROM session WHERE account_id = $1 AND idle_until > now() AND expires_at > now()
            ORDER BY created_at DESC LIMIT $4
            """,
            account_id,
            digest(token or ""),
            COOKIE_IDLE,
            MOST_LISTED,
        )
    return [OwnSession(**row) for row in rows]


async def delete_of(database: Database, account_id: int, public_id: UUID) -> bool:
    """End one session of an account; False when it has no such session."""
    async with database.connection() as connection:
        deleted = await connection.fetchval(
            "DELETE FROM session WHERE account_id = $1 AND public_id = $2 RETURNING true", account_id, public_id
        )
    return deleted is True


async def delete_others(database: Database, account_id: int, token_hash: bytes) -> list[UUID]:
    """End every session of an account but the one of this token. Returns their public ids."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "DELETE FROM session WHERE account_id = $1 AND token_hash <> $2 RETURNING public_id",
            account_id,
            token_hash,
        )
    return [row["public_id"] for row in rows]


async def delete_all(database: Database, account_id: int) -> list[UUID]:
    """End every session of an account. Returns the public ids of those that had not ended by themselves."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "DELETE FROM session WHERE account_id = $1 RETURNING public_id, idle_until > now() AND expires_at > now()"
            " AS valid",
            account_id,
        )
    return [row["public_id"] for row in rows if row["valid"]]


async def delete(database: Database, token: str) -> tuple[int, UUID] | None:
    """Returns the number of its account and its public id; None when there is no such session."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "DELETE FROM session WHERE token_hash = $1 RETURNING account_id, public_id", digest(token)
        )
    return (row["account_id"], row["public_id"]) if row else None


async def forget_expired(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM session WHERE expires_at < now() OR idle_until < now()")
