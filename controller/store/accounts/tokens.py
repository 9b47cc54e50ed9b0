"""API tokens: of an organization, or of one of its customers. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.decisions.access import token_role, usual_scope
from controller.model import ApiToken, Principal, Role, TokenScope
from controller.store.platform.pool import Connection, Database, StoreUnwritableError
from shared.secret import Secret

TOKEN_PREFIX = "wsm_"  # noqa: S105 - not a token; one vendor's client accepts no other prefix
MOST_LISTED = 1000
_HINT_LENGTH = 9
_BYTES = 32
_SCOPED_BYTES = 33
_SCOPED_LENGTH = len(TOKEN_PREFIX) + _SCOPED_BYTES * 4 // 3

_INSERT = """
INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint, expires_at, kept_by, scope)
VALUES ($1, $2, $3, $4, $5, coalesce($9, now() + $6::interval), $7, $8)
RETURNING id, public_id, organization_id, customer_id, name, scope, hint, last_used_at, expires_at, created_at,
  (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name,
  (SELECT public_id FROM customer WHERE customer.id = api_token.customer_id) AS customer_public_id
"""


def new_token(*, scoped: bool = False) -> Secret:
    """256 random bits after the prefix: 47 characters. One that is `scoped` has 264 bits, and 48 characters."""
    return Secret(TOKEN_PREFIX + secrets.token_urlsafe(_SCOPED_BYTES if scoped else _BYTES))


def digest(token: str) -> bytes:
    """The stored form of a token. That of a scoped one is another than that which earlier controllers look for: they
    know no scopes, and would give it all rights.
    """
    scoped = token.startswith(TOKEN_PREFIX) and len(token) == _SCOPED_LENGTH
    return hashlib.sha256((f"scoped {token}" if scoped else token).encode()).digest()


async def principal_of(database: Database, token: str) -> Principal | None:
    """The principal of a token; None when it is unknown or expired. Its use is recorded, at most once a minute, as long
    as the database can be written.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, organization_id, customer_id, kept_by, scope,
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
    """The principal for a row with a token's id, organization_id, customer_id, kept_by and scope. A machine's token
    reads what belongs to no customer, such as the locations, and nothing else.
    """
    customer_id = row["customer_id"]
    if row["kept_by"] is not None:
        return Principal(
            works_in=row["organization_id"],
            role=Role.READONLY,
            customer_ids=frozenset(),
            token_id=row["id"],
            machine=True,
            scope=TokenScope.READ,
        )
    scope = _scope(row)
    return Principal(
        works_in=row["organization_id"],
        role=token_role(scope, limited=customer_id is not None),
        customer_ids=None if customer_id is None else frozenset({customer_id}),
        token_id=row["id"],
        scope=scope,
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
    scope: TokenScope | None = None,
    expires_at: datetime | None = None,
) -> ApiToken:
    """It expires at `expires_at`, or else after `expires_in`. Without a scope it has the usual one."""
    clear = token.reveal()
    hint = clear[:_HINT_LENGTH]
    values = (organization_id, customer_id, name, digest(clear), hint, expires_in, kept_by, scope, expires_at)
    if isinstance(database, Database):
        async with database.connection() as connection:
            row = await connection.fetchrow(_INSERT, *values)
    else:
        row = await database.fetchrow(_INSERT, *values)
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return api_token(row)


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
            RETURNING id, public_id, organization_id, customer_id, name, scope, hint, last_used_at, expires_at,
              created_at, (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name,
              (SELECT public_id FROM customer WHERE customer.id = api_token.customer_id) AS customer_public_id
            """,
            kept_by,
        )
    return api_token(row) if row else None


async def tokens_of(
    database: Database, organization_id: int, *, customer_ids: frozenset[int] | None, customers_only: bool
) -> list[ApiToken]:
    """The tokens of the organization, newest first; `customer_ids` restricts them to these customers' tokens (None is
    no limit), and `customers_only` leaves out those of the organization itself.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, organization_id, customer_id, name, scope, hint, last_used_at, expires_at,
              created_at, (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name,
              (SELECT public_id FROM customer WHERE customer.id = api_token.customer_id) AS customer_public_id
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
    return [api_token(row) for row in rows]


async def delete(
    database: Database,
    organization_id: int,
    token: int | UUID,
    *,
    customer_ids: frozenset[int] | None,
    customers_only: bool,
) -> ApiToken | None:
    """The deleted token; None when `tokens_of` with the same arguments would not list it."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            DELETE FROM api_token
            WHERE organization_id = $1 AND (id = $2 OR public_id = $5)
              AND ($3::bigint[] IS NULL OR customer_id = ANY ($3))
              AND (NOT $4 OR customer_id IS NOT NULL)
            RETURNING id, public_id, organization_id, customer_id, name, scope, hint, last_used_at, expires_at,
              created_at, (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name,
              (SELECT public_id FROM customer WHERE customer.id = api_token.customer_id) AS customer_public_id
            """,
            organization_id,
            None if isinstance(token, UUID) else token,
            None if customer_ids is None else sorted(customer_ids),
            customers_only,
            token if isinstance(token, UUID) else None,
        )
    return api_token(row) if row else None


def api_token(row: Any) -> ApiToken:
    return ApiToken(**{**row, "scope": _scope(row)})


def _scope(row: Any) -> TokenScope:
    """Of a row with a token's scope, customer_id and perhaps kept_by."""
    return TokenScope(row["scope"]) if row["scope"] else usual_scope(limited=row["customer_id"] is not None)
