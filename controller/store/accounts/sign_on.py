"""How organizations' people sign in by a provider, and whom the providers have signed in."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.model import Role
from controller.model.sign_on import GroupRole, SignOn
from controller.store.platform.pool import Database

_ONE = """
SELECT organization_id, issuer, client_id, config, scopes, groups_claim, roles, default_role, create_users,
  allowed_email_domains, created_at, updated_at
FROM sign_on WHERE organization_id = $1
"""
_ONE_LOCKED = """
SELECT organization_id, issuer, client_id, config, scopes, groups_claim, roles, default_role, create_users,
  allowed_email_domains, created_at, updated_at
FROM sign_on WHERE organization_id = $1 FOR UPDATE
"""


async def of_organization(database: Database, organization_id: int, *, lock: bool = False) -> SignOn | None:
    """With `lock` nobody else changes it until the transaction ends."""
    async with database.connection() as connection:
        row = await connection.fetchrow(_ONE_LOCKED if lock else _ONE, organization_id)
    return _sign_on(row) if row else None


async def save(database: Database, new: SignOn) -> SignOn:
    """Store it in place of the one that the organization has, or as its first one. Its timestamps are made here."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO sign_on (organization_id, issuer, client_id, config, scopes, groups_claim, roles, default_role,
              create_users, allowed_email_domains)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (organization_id) DO UPDATE SET
              issuer = excluded.issuer, client_id = excluded.client_id, config = excluded.config,
              scopes = excluded.scopes, groups_claim = excluded.groups_claim, roles = excluded.roles,
              default_role = excluded.default_role, create_users = excluded.create_users,
              allowed_email_domains = excluded.allowed_email_domains, updated_at = clock_timestamp()
            RETURNING organization_id, issuer, client_id, config, scopes, groups_claim, roles, default_role,
              create_users, allowed_email_domains, created_at, updated_at
            """,
            new.organization_id,
            new.issuer,
            new.client_id,
            new.config,
            new.scopes,
            new.groups_claim,
            msgspec.to_builtins(new.roles),
            new.default_role,
            new.create_users,
            new.allowed_email_domains,
        )
    return _sign_on(row)


async def delete(database: Database, organization_id: int) -> bool:
    """False when there is none. Who was signed in by it is forgotten with it; their accounts stay."""
    async with database.connection() as connection:
        deleted = await connection.fetchval(
            "DELETE FROM sign_on WHERE organization_id = $1 RETURNING true", organization_id
        )
    return deleted is True


async def is_offered(database: Database) -> bool:
    """Whether any organization has single sign-on."""
    async with database.connection() as connection:
        found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM sign_on)")
    return found


async def organization_for(database: Database, domain: str, email: str) -> int | None:
    """The number of the organization whose provider signs in addresses of this domain. Of several it is the one that
    has an account with this address, else the one that named the domain first.
    """
    async with database.connection() as connection:
        number: int | None = await connection.fetchval(
            """
            SELECT sign_on.organization_id FROM sign_on
              LEFT JOIN account ON account.organization_id = sign_on.organization_id AND lower(email) = lower($2)
            WHERE allowed_email_domains @> ARRAY[$1] ORDER BY account.id IS NULL, sign_on.id LIMIT 1
            """,
            domain,
            email,
        )
    return number


async def account_of(database: Database, organization_id: int, issuer: str, subject: str) -> int | None:
    """The number of the account that this subject of the provider was signed in to before."""
    async with database.connection() as connection:
        number: int | None = await connection.fetchval(
            """
            SELECT account_id FROM sign_on_identity JOIN sign_on ON sign_on.id = sign_on_id
            WHERE organization_id = $1 AND sign_on_identity.issuer = $2 AND subject = $3
            """,
            organization_id,
            issuer,
            subject,
        )
    return number


async def is_linked(database: Database, account_id: int, issuer: str) -> bool:
    """Whether any subject of the provider was signed in to this account before."""
    async with database.connection() as connection:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM sign_on_identity WHERE account_id = $1 AND issuer = $2)", account_id, issuer
        )
    return found


async def link(database: Database, organization_id: int, issuer: str, subject: str, account_id: int) -> bool:
    """Keep that this subject is this account from now on. False when one of the two is another's already, or when the
    organization's single sign-on is gone.
    """
    async with database.connection() as connection:
        made = await connection.fetchval(
            """
            INSERT INTO sign_on_identity (sign_on_id, issuer, subject, account_id)
            SELECT id, $2, $3, $4 FROM sign_on WHERE organization_id = $1
            ON CONFLICT DO NOTHING RETURNING true
            """,
            organization_id,
            issuer,
            subject,
            account_id,
        )
    return made is True


def _sign_on(row: Any) -> SignOn:
    role = row["default_role"]
    return SignOn(
        **{
            **row,
            "roles": msgspec.convert(row["roles"], list[GroupRole]),
            "default_role": None if role is None else Role(role),
        }
    )
