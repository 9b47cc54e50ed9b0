"""A test's own installation: keys, nats-server, database, and a controller that maintains the NATS accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError

from controller.pipeline.nats_accounts import NatsAccounts
from controller.store.accounts import subscribers
from controller.store.locations import keys as location_keys
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.trust import keys
from controller.trust.claims import (
    location_account,
    location_credentials,
    subscriber_account,
    subscriber_credentials,
    system_credentials,
)
from controller.trust.keys import Trust
from controller.trust.server_config import server_config
from deploy.local import nats
from deploy.local.nats import Nats
from deploy.local.supervisor import Supervisor, supervising
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.credentials import Credentials
from shared.nats.nkeys import public_key
from shared.wire import subjects
from shared.wire.targets import KINDS


@dataclass
class Site:
    folder: Path
    trust: Trust
    supervisor: Supervisor
    database: Database
    server: Nats

    async def start(self) -> None:
        await self.supervisor.start(self.server.part(self.folder / "nats.log"))

    async def stop(self) -> None:
        await self.supervisor.stop("nats")

    def configure(self, now: datetime) -> None:
        """Write the server's configuration anew, as `trust nats-config` would print it at that time."""
        self.server = nats.prepare(self.folder, server_config(self.trust, now))

    @asynccontextmanager
    async def keeper(self, kinds: Collection[str] = KINDS) -> AsyncIterator[NatsAccounts]:
        broker = Broker(self.server.url, system_credentials(self.trust, utc_now()))
        async with Bus.open(broker, name="nats accounts") as bus:
            await bus.wait_connected()
            yield NatsAccounts(self.database, bus, self.trust, kinds)

    async def reconcile(self, kinds: Collection[str] = KINDS) -> None:
        """Update the NATS accounts once, as a controller that knows these kinds does every two seconds."""
        async with self.keeper(kinds) as keeper:
            await keeper.reconcile()

    async def add(self, code: str = "de", country: str = "DE", *, now: datetime | None = None) -> Credentials:
        """Add a location, and return the credentials of its agents."""
        credentials = location_credentials(self.trust, location=code, country=country, now=now or utc_now())
        async with locations.inserting(
            self.database,
            code=code,
            name=code,
            country_code=country,
            public_key=f"key of {credentials.user}",
            nats_user=credentials.user,
            nats_account=public_key(location_account(self.trust, code)),
        ) as location:
            assert location
        return credentials

    async def subscribe(self, name: str, organization: UUID, customer: UUID | None = None) -> Credentials:
        """Add a subscriber with a consumer of this name, and return its credentials, which are valid for an hour."""
        until = utc_now() + timedelta(hours=1)
        credentials = subscriber_credentials(
            self.trust,
            name=name,
            subject=subjects.events_of(organization, customer),
            durable=name,
            now=utc_now(),
            until=until,
        )
        await self.value(
            "INSERT INTO organization (name, public_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            f"{organization}",
            organization,
        )
        await self.value(
            "INSERT INTO customer (organization_id, name, public_id)"
            " SELECT id, $1::text, $2::uuid FROM organization WHERE public_id = $3 AND $2::uuid IS NOT NULL",
            f"{customer}",
            customer,
            organization,
        )
        [reader] = await subscribers.readers(self.database, f"{organization}", f"{customer}" if customer else None)
        await subscribers.insert(
            self.database,
            reader,
            name=name,
            consumer=name,
            nats_user=credentials.user,
            nats_account=public_key(subscriber_account(self.trust, name)),
            expires_at=until,
        )
        return credentials

    async def rotate(self, code: str, keep: timedelta) -> Credentials:
        """Give a location new keys."""
        here = await locations.by_code(self.database, code)
        assert here
        credentials = location_credentials(self.trust, location=code, country=here.country_code, now=utc_now())
        async with location_keys.rotating(self.database, code) as rotation:
            assert rotation
            await rotation.store(
                sealing_key=f"key of {credentials.user}",
                nats_user=credentials.user,
                nats_account=public_key(location_account(self.trust, code)),
                keep=keep,
            )
        return credentials

    async def may_log_in(self, credentials: Credentials) -> bool:
        return await may_log_in(self.server.url, credentials)

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *arguments)


@asynccontextmanager
async def new_site(folder: Path, database_url: str) -> AsyncIterator[Site]:
    trust = keys.new_trust()
    async with supervising(pause_seconds=0.2) as supervisor, Database.open(database_url, size=3) as database:
        site = Site(folder, trust, supervisor, database, nats.prepare(folder, server_config(trust, utc_now())))
        await site.start()
        yield site


async def may_log_in(url: str, credentials: Credentials) -> bool:
    """Whether the server accepts these credentials."""
    try:
        async with logged_in(url, credentials):
            return True
    except NatsError:
        return False


@asynccontextmanager
async def logged_in(
    url: str, credentials: Credentials, refusals: list[str] | None = None, inbox: str | None = None
) -> AsyncIterator[Client]:
    """A plain client that does not reconnect when it is cut off. The server's refusals are added to `refusals`."""

    async def refused(error: Exception) -> None:
        if refusals is not None:
            refusals.append(str(error))

    client = Client()
    jwt = credentials.jwt.encode()
    try:
        await client.connect(
            url,
            user_jwt_cb=lambda: bytearray(jwt),
            signature_cb=credentials.sign,
            inbox_prefix=inbox or subjects.inbox(credentials.user),
            error_cb=refused,
            allow_reconnect=False,
            connect_timeout=20,
        )
        yield client
    finally:
        with suppress(NatsError):
            await client.close()
