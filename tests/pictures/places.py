"""The people, customers, locations and agents of an installation that is made up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from controller.model import Role
from controller.store.accounts import people, sessions
from controller.store.accounts.people import NewAccount
from controller.store.platform.pool import Database
from shared.secret import Secret

EMAIL = "ines@example.com"
_SESSION = "a-session-of-the-pictures-0123456789"


class Place(NamedTuple):
    """A location; `rtt_ms` is how far the servers of the pictures are from it."""

    code: str
    name: str
    country: str
    rtt_ms: float


PLACES = (
    Place("br-sao", "São Paulo", "BR", 203.0),
    Place("de-nbg", "Nuremberg", "DE", 6.0),
    Place("fr-par", "Paris", "FR", 14.0),
    Place("jp-tyo", "Tokyo", "JP", 231.0),
    Place("us-nyc", "New York", "US", 88.0),
)
CUSTOMERS = ("Acme Logistics", "Blue Harbour Hotels", "City of Northfield")


class Installation(NamedTuple):
    """The rows that everything else belongs to. `cookie` logs in as its administrator, `account` is that person."""

    database: Database
    organization: int
    customers: tuple[int, ...]
    locations: dict[str, int]
    account: int
    cookie: str
    now: datetime

    async def run(self, statement: str, *arguments: object) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *arguments)

    async def value(self, query: str, *arguments: object) -> Any:
        """The first value of what a query finds."""
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *arguments)


async def install(database: Database, now: datetime) -> Installation:
    """An installation without monitors, whose agents are all well."""
    async with database.connection() as connection:
        organization = await connection.fetchval(
            "INSERT INTO organization (name) VALUES ('Example Hosting') RETURNING id"
        )
        insert = "INSERT INTO customer (organization_id, name) VALUES ($1, $2) RETURNING id"
        customers = [await connection.fetchval(insert, organization, name) for name in CUSTOMERS]
        insert = (
            "INSERT INTO location (code, name, country_code, public_key, created_at) VALUES ($1, $2, $3, 'k', $4)"
            " RETURNING id"
        )
        locations = {
            place.code: await connection.fetchval(insert, place.code, place.name, place.country, _long_ago(now))
            for place in PLACES
        }
        await connection.executemany(
            "INSERT INTO location_key (location_id, sealing_key, nats_user, created_at, last_used_at)"
            " VALUES ($1::int, 'k', $1::int::text, $2, $3)",
            [(number, _long_ago(now), now) for number in locations.values()],
        )
        await connection.executemany(
            "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, running, waiting,"
            " capacity, loop_lag_ms, clock_offset_ms, signed_by)"
            " VALUES ($1::int, $2, '{smtp,imap,pop3}', '0.1.0', $3, $4, $5, 0, 400, $6, $7, $1::int::text)",
            [
                (number, f"agent-{which}", now - timedelta(days=9), now, 3 + which, 1.5 * which, 4.0 * which)
                for number in locations.values()
                for which in (1, 2)
            ],
        )
    account = await people.insert(
        database,
        NewAccount(
            organization_id=organization,
            email=EMAIL,
            first_name="Ines",
            last_name="Okafor",
            role=Role.ADMIN,
            customer_ids=None,
            password_hash="$argon2id$nobody",
        ),
    )
    assert account is not None
    await sessions.insert(database, account.id, Secret(_SESSION), cookie=True)
    return Installation(database, organization, tuple(customers), locations, account.id, _SESSION, now)


def _long_ago(now: datetime) -> datetime:
    return now - timedelta(days=40)
