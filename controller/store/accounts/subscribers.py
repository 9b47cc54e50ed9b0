"""Subscribers: clients that may read the events of an organization, or of one of its customers, from the broker."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Database

_ALL = """
SELECT subscriber.name, organization.public_id AS organization, customer.public_id AS customer,
  organization.name AS organization_name, customer.name AS customer_name, subscriber.consumer,
  subscriber.created_at, subscriber.expires_at, subscriber.revoked_at, subscriber.nats_account
FROM subscriber JOIN organization ON organization.id = subscriber.organization_id
LEFT JOIN customer ON customer.id = subscriber.customer_id
ORDER BY subscriber.id DESC
"""

_ACTIVE = """
SELECT subscriber.name, organization.public_id AS organization, customer.public_id AS customer,
  organization.name AS organization_name, customer.name AS customer_name, subscriber.consumer,
  subscriber.created_at, subscriber.expires_at, subscriber.revoked_at, subscriber.nats_account
FROM subscriber JOIN organization ON organization.id = subscriber.organization_id
LEFT JOIN customer ON customer.id = subscriber.customer_id
WHERE revoked_at IS NULL AND expires_at > now()
"""

_APART = """
SELECT subscriber.name, organization.public_id AS organization, customer.public_id AS customer,
  organization.name AS organization_name, customer.name AS customer_name, subscriber.consumer,
  subscriber.created_at, subscriber.expires_at, subscriber.revoked_at, subscriber.nats_account
FROM subscriber JOIN organization ON organization.id = subscriber.organization_id
LEFT JOIN customer ON customer.id = subscriber.customer_id
WHERE nats_account IS NOT NULL AND expires_at > now() - interval '1 day'
"""


class Subscriber(NamedTuple):
    """`customer` is None for a subscriber that reads all events of the organization; `consumer` is its consumer on the
    stream EVENTS; `nats_account` is None for a login in the account that logins of earlier versions share.
    """

    name: str
    organization: UUID
    customer: UUID | None
    organization_name: str
    customer_name: str | None
    consumer: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    nats_account: str | None


class Reader(NamedTuple):
    """The organization, and perhaps the customer, whose events are read."""

    organization_id: int
    organization: UUID
    customer_id: int | None = None
    customer: UUID | None = None


async def readers(database: Database, organization: str, customer: str | None) -> list[Reader]:
    """The organizations and customers with this public id, number, or name. More than one where a name is ambiguous."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT organization.id, organization.public_id, customer.id, customer.public_id
            FROM organization LEFT JOIN customer ON $2::text IS NOT NULL AND customer.organization_id = organization.id
              AND $2 IN (customer.public_id::text, customer.id::text, customer.name)
            WHERE $1 IN (organization.public_id::text, organization.id::text, organization.name)
              AND ($2 IS NULL OR customer.id IS NOT NULL)
            """,
            organization,
            customer,
        )
    return [Reader(*row) for row in rows]


async def insert(
    database: Database,
    reader: Reader,
    *,
    name: str,
    consumer: str,
    nats_user: str,
    nats_account: str | None = None,
    expires_at: datetime,
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO subscriber (organization_id, customer_id, name, consumer, nats_user, nats_account, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            reader.organization_id,
            reader.customer_id,
            name,
            consumer,
            nats_user,
            nats_account,
            expires_at,
        )


async def delete(database: Database, consumer: str) -> None:
    """Remove a subscriber whose credentials were not delivered to anybody."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM subscriber WHERE consumer = $1", consumer)


async def all_subscribers(database: Database) -> list[Subscriber]:
    """Every subscriber ever created, newest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(_ALL)
    return [Subscriber(**row) for row in rows]


async def active_subscribers(database: Database) -> list[Subscriber]:
    """The subscribers whose credentials are valid."""
    async with database.connection() as connection:
        rows = await connection.fetch(_ACTIVE)
    return [Subscriber(**row) for row in rows]


async def apart(database: Database) -> list[Subscriber]:
    """The subscribers with an account of their own, until a day after their credentials expire."""
    async with database.connection() as connection:
        rows = await connection.fetch(_APART)
    return [Subscriber(**row) for row in rows]


class RevokedSubscriber(NamedTuple):
    name: str
    organization_id: int


async def revoke(database: Database, consumer: str) -> RevokedSubscriber | None:
    """None when no subscriber has this consumer, or it was revoked before."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "UPDATE subscriber SET revoked_at = now() WHERE consumer = $1 AND revoked_at IS NULL"
            " RETURNING name, organization_id",
            consumer,
        )
    return RevokedSubscriber(*row) if row else None
