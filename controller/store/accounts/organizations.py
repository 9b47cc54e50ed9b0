"""Organizations, including the first one of an installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.model import Organization
from controller.store.accounts import tokens
from controller.store.platform.pool import Connection, Database
from shared.secret import Secret

MOST_LISTED = 1000

_ONE = """
SELECT id, public_id, name, company_name, street, postal_code, city, country, vat_id, billing_email,
  allowed_check_country_codes, default_notification_channels, default_notification_targets,
  default_notification_rules, time_zone, created_at, updated_at
FROM organization WHERE id = $1 OR public_id = $2
"""


class FirstAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The first data of a new installation. `password_hash` is an Argon2id hash; `token` is in the clear and not
    stored.
    """

    organization: str
    customer: str
    email: str
    password_hash: str
    token: Secret


@asynccontextmanager
async def insert_first(database: Database, first: FirstAccount) -> AsyncIterator[Organization | None]:
    """Store a first organization with customer, admin and token; when one exists, yield None and store nothing.

    It is stored only when the block ends without an error, so that its secrets can be written to files within the
    block.
    """
    async with database.transaction() as connection:
        # Two controllers at once must not both find the table empty.
        await connection.execute("LOCK TABLE organization IN SHARE ROW EXCLUSIVE MODE")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM organization)"):
            yield None
            return
        number: int = await connection.fetchval(
            """
            WITH new_organization AS (INSERT INTO organization (name) VALUES ($1) RETURNING *),
              new_customer AS (
                INSERT INTO customer (organization_id, name) SELECT id, $2 FROM new_organization
              ), new_account AS (
                INSERT INTO account (organization_id, email, role, password_hash)
                SELECT id, $3, 'admin', $4 FROM new_organization
              )
            SELECT id FROM new_organization
            """,
            first.organization,
            first.customer,
            first.email,
            first.password_hash,
        )
        await tokens.insert(
            connection, first.token, organization_id=number, customer_id=None, name="bootstrap", expires_in=None
        )
        yield await _fetch(connection, number)


async def by_id(database: Database, organization_id: int) -> Organization | None:
    async with database.connection() as connection:
        return await _fetch(connection, organization_id)


async def lock(database: Database, organization_id: int) -> None:
    """Nobody changes it until the transaction ends."""
    async with database.connection() as connection:
        await connection.execute("SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)


async def by_public_id(database: Database, organization_id: int | None, public_id: UUID) -> Organization | None:
    """None also when it is not the organization `organization_id` (None: every organization)."""
    async with database.connection() as connection:
        found = await _fetch(connection, public_id)
    return found if found and organization_id in (None, found.id) else None


async def names(database: Database) -> list[tuple[int, str]]:
    """Number and name of every organization, in the order of their names, MOST_LISTED at most."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT id, name FROM organization ORDER BY lower(name), id LIMIT $1", MOST_LISTED
        )
    return [(row["id"], row["name"]) for row in rows]


async def is_operating(database: Database, organization_id: int) -> bool:
    """Whether this is the organization that runs the installation, which is the first one."""
    async with database.connection() as connection:
        first: int | None = await connection.fetchval("SELECT min(id) FROM organization")
    return first == organization_id


class Operating(NamedTuple):
    """The organization that runs the installation."""

    id: int
    time_zone: str


async def operating(connection: Connection) -> Operating | None:
    """The first organization; None while there is none."""
    row = await connection.fetchrow("SELECT id, time_zone FROM organization ORDER BY id LIMIT 1")
    return Operating(*row) if row else None


async def change(
    database: Database, organization_id: int, decide: Callable[[Organization], Organization]
) -> Organization | None:
    """Replace an organization by what `decide` makes of it, while its row is locked; None when it does not exist."""
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)
        old = await _fetch(connection, organization_id)
        if old is None:
            return None
        new = decide(old)
        changed_at = await connection.fetchval(
            """
            UPDATE organization SET
              name = $2, company_name = $3, street = $4, postal_code = $5, city = $6, country = $7, vat_id = $8,
              billing_email = $9, allowed_check_country_codes = $10, default_notification_channels = $11,
              default_notification_targets = $12, time_zone = $13,
              default_notification_rules = $14, updated_at = clock_timestamp()
            WHERE id = $1 RETURNING updated_at
            """,
            new.id,
            new.name,
            new.company_name,
            new.street,
            new.postal_code,
            new.city,
            new.country,
            new.vat_id,
            new.billing_email,
            new.allowed_check_country_codes,
            new.default_notification_channels,
            new.default_notification_targets,
            new.time_zone,
            new.default_notification_rules,
        )
    return msgspec.structs.replace(new, updated_at=changed_at)


async def _fetch(connection: Connection, identifier: int | UUID) -> Organization | None:
    number, public_id = (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
    row = await connection.fetchrow(_ONE, number, public_id)
    return Organization(**row) if row else None
