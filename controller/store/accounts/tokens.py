"""API tokens: of an organization, or of one of its customers. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

from controller.model import ApiToken, Principal, Role
from controller.store.platform.pool import Connection, Database, StoreUnwritableError
from shared.secret import Secret

TOKEN_PREFIX = "wsm_"  # noqa: S105 - not a token; one vendor's client accepts no other prefix
MOST_LISTED = 1000
_HINT_LENGTH = 9

_INSERT = """
INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint, expires_at, kept_by)
VALUES ($1, $2, $3, $4, $5, now() + $6::interval, $7)
RETURNING id, organization_id, customer_id, name, hint, last_used_at, expires_at, created_at,
  (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name
"""


def new_token() -> Secret:
    """256 random bits after the prefix: 47 characters."""
    return Secret(TOKEN_PREFIX + secrets.token_urlsafe(32))


def digest(token: str) -> bytes:
    """The stored form of a token."""
    return hashlib.sha256(token.encode()).digest()


async def principal_of(database: Database, token: str) -> Principal | None:
    """The principal of a token; None when it is unknown or expired. Its use is recorded, at most once a minute, as long
    as the database can be written.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, organization_id, customer_id, kept_by,
              last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS to_record
            FROM api_token WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > now())
            """,
            digest(token),
        )
    if row is None:
        return None
    if row["to_record"]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute("UPDATE api_token SET last_used_at = now() WHERE id = $1", row["id"])
    return principal(row)


def principal(row: Any) -> Principal:
    """The principal for a row with a token's id, organization_id, customer_id and kept_by. A machine's token reads what
    belongs to no customer, such as the locations, and nothing else.
    """
    customer_id = row["customer_id"]
    if row["kept_by"] is not None:
        return Principal(
            works_in=row["organization_id"],
            role=Role.READONLY,
            customer_ids=frozenset(),
            token_id=row["id"],
            machine=True,
        )
    return Principal(
        works_in=row["organization_id"],
        role=Role.ADMIN if customer_id is None else Role.USER,
        customer_ids=None if customer_id is None else frozenset({customer_id}),
        token_id=row["id"],
    )


async def insert(
    database: Database | Connection,
    token: Secret,
    *,
    organization_id: int,
    customer_id: int | None,
    name: str,
    expires_in: timedelta | None,
    kept_by: str | None = None,
) -> ApiToken:
    clear = token.reveal()
    values = (organization_id, customer_id, name, digest(clear), clear[:_HINT_LENGTH], expires_in, kept_by)
    if isinstance(database, Database):
        async with database.connection() as connection:
            row = await connection.fetchrow(_INSERT, *values)
    else:
        row = await database.fetchrow(_INSERT, *values)
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return ApiToken(**row)


async def is_valid(database: Database, token: str, *, machine: bool = False) -> bool:
    """Whether a token is known and has not expired, and with `machine` also whether a machine keeps it for itself. It
    does not count as a use of it.
    """
    async with database.connection() as connection:
        found: bool = await connection.fetchval(
            """
            SELECT EXISTS (
              SELECT FROM api_token WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > now())
                AND (NOT $2 OR kept_by IS NOT NULL)
            )
            """,
            digest(token),
            machine,
        )
    return found


async def delete_kept(database: Database, kept_by: str) -> ApiToken | None:
    """The deleted token of this machine; None when it has none."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            DELETE FROM api_token WHERE kept_by = $1
            RETURNING id, organization_id, customer_id, name, hint, last_used_at, expires_at, created_at,
              (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name
            """,
            kept_by,
        )
    return ApiToken(**row) if row else None


async def tokens_of(
    database: Database, organization_id: int, *, customer_ids: frozenset[int] | None, customers_only: bool
) -> list[ApiToken]:
    """The tokens of the organization, newest first; `customer_ids` restricts them to these customers' tokens (None is
    no limit), and `customers_only` leaves out those of the organization itself.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, organization_id, customer_id, name, hint, last_used_at, expires_at, created_at,
              (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name
            FROM api_token
            WHERE organization_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
              AND (NOT $3 OR customer_id IS NOT NULL)
            ORDER BY id DESC LIMIT $4
            """,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            customers_only,
            MOST_LISTED,
        )
    return [ApiToken(**row) for row in rows]


async def delete(
    database: Database,
    organization_id: int,
    token_id: int,
    *,
    customer_ids: frozenset[int] | None,
    customers_only: bool,
) -> ApiToken | None:
    """The deleted token; None when `tokens_of` with the same arguments would not list it."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            DELETE FROM api_token
            WHERE organization_id = $1 AND id = $2 AND ($3::bigint[] IS NULL OR customer_id = ANY ($3))
              AND (NOT $4 OR customer_id IS NOT NULL)
            RETURNING id, organization_id, customer_id, name, hint, last_used_at, expires_at, created_at,
              (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name
            """,
            organization_id,
            token_id,
            None if customer_ids is None else sorted(customer_ids),
            customers_only,
        )
    return ApiToken(**row) if row else None
