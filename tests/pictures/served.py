"""The application over an installation that is made up, served on a real port: no pipeline runs behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

from controller.application import create_application
from controller.http.services import Services
from controller.model import Location, ScheduledMonitor
from controller.model.trials import Trying
from controller.notify.channels import open_senders
from controller.notify.mx_lookup import MxLookup
from controller.operations.channels.channels import Outlets
from controller.settings import EnrolmentSettings
from controller.store.platform.pool import Database
from controller.trust import keys
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.settings import load
from shared.wire.messages import HEARTBEAT_SECONDS
from tests.integration.api.serving import serving

W = TypeVar("W")


class Served(NamedTuple):
    """A dashboard and the database behind it."""

    url: str
    database: Database


class _NoDispatcher:
    """Takes triggered checks and does nothing."""

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> datetime:
        del monitor, locations
        return utc_now()

    async def dispatch_trial(self, trying: Trying, locations: Sequence[Location]) -> None:
        del trying, locations


@asynccontextmanager
async def dashboard(
    database_url: str, broker: Broker, world: Callable[[Database, datetime], Awaitable[W]]
) -> AsyncIterator[tuple[Served, W]]:
    """Fill the database, which is migrated, with a world, and serve its dashboard."""
    async with (
        Database.open(database_url) as database,
        Bus.open(broker, name="pictures") as bus,
        open_senders(relay=None, sms_url=None) as senders,
    ):
        await bus.wait_connected()
        built = await world(database, utc_now() - timedelta(seconds=1))
        async with database.connection() as connection:
            await connection.execute("ANALYZE")
        services = Services(
            database=database,
            vault=Vault(VaultKeys(new_key().reveal())),
            dispatcher=_NoDispatcher(),
            bus=bus,
            outlets=Outlets(senders, MxLookup([])),
            enrolment=_enrolment(database_url),
        )
        async with serving(create_application(services), drain_seconds=5) as url, asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(_beat(database))
            yield Served(url, database), built
            services.live.stop()  # which ends the streams of pages that are still open
            beating.cancel()


def _enrolment(database_url: str) -> EnrolmentSettings:
    """With new keys, with which no agent can log in."""
    with TemporaryDirectory() as folder:
        trust = Path(folder) / "controller.trust"
        keys.write(trust, keys.new_trust())
        settings = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust), "NATS_URL": "nats://127.0.0.1:4222"}
        return load(EnrolmentSettings, {f"MAILPROBE_{name}": value for name, value in settings.items()})


async def _beat(database: Database) -> None:
    """Heartbeats of the agents that are not silent already."""
    while True:
        async with database.connection() as connection:
            await connection.execute(
                "UPDATE agent SET last_seen_at = now() WHERE last_seen_at > now() - make_interval(secs => $1)",
                3 * HEARTBEAT_SECONDS,
            )
        await asyncio.sleep(HEARTBEAT_SECONDS / 2)
