"""Who may ask: organizations, their customers, people and tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec

from controller.model import Customer, Principal
from controller.store.pool import Database
from shared.targets import Secret

TOKEN_PREFIX = "wsm_"  # noqa: S105 - not a token; one vendor's client accepts no other beginning
_HINT_LENGTH = 9


class FirstAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a new installation begins with. `password_hash` is an Argon2id hash, `token` is clear and not stored."""

    organization: str
    customer: str
    email: str
    password_hash: str
    token: Secret


def new_token() -> Secret:
    """256 random bits behind the prefix: 47 characters."""
    return Secret(TOKEN_PREFIX + secrets.token_urlsafe(32))


async def principal_of(database: Database, token: str) -> Principal | None:
    """Who holds this token; None when it is unknown or has expired."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id AS token_id, organization_id, customer_id FROM api_token
            WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > now())
            """,
            _hash(token),
        )
    return Principal(**row) if row else None


async def customer_of(database: Database, organization_id: int, identifier: int | UUID) -> Customer | None:
    """A customer by number or public id; None when the organization has no such customer."""
    column = "public_id" if isinstance(identifier, UUID) else "id"
    async with database.connection() as connection:
        row = await connection.fetchrow(
            f"SELECT id, public_id, organization_id, name FROM customer WHERE organization_id = $1 AND {column} = $2",  # noqa: S608
            organization_id,
            identifier,
        )
    return Customer(**row) if row else None


@asynccontextmanager
async def founding(database: Database, first: FirstAccount) -> AsyncIterator[bool]:
    """Store a first organization with customer, admin and token; yield False, and store nothing, when there is one.

    It is stored only when the block ends without an error, so that its secrets can be put into files in between.
    """
    async with database.transaction() as connection:
        # Two at once must not both find the table empty.
        await connection.execute("LOCK TABLE organization IN SHARE ROW EXCLUSIVE MODE")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM organization)"):
            yield False
            return
        token = first.token.reveal()
        await connection.execute(
            """
            WITH new_organization AS (INSERT INTO organization (name) VALUES ($1) RETURNING id),
              new_customer AS (
                INSERT INTO customer (organization_id, name) SELECT id, $2 FROM new_organization
              ), new_account AS (
                INSERT INTO account (organization_id, email, role, password_hash)
                SELECT id, $3, 'admin', $4 FROM new_organization
              )
            INSERT INTO api_token (organization_id, name, token_hash, hint)
            SELECT id, 'bootstrap', $5, $6 FROM new_organization
            """,
            first.organization,
            first.customer,
            first.email,
            first.password_hash,
            _hash(token),
            token[:_HINT_LENGTH],
        )
        yield True


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
