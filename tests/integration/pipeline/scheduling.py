"""The scheduling part of a controller, on a real database and a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.fernet import Fernet

from controller.decisions.schedule.rounds import CATCH_UP_MS
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.loops import keep
from controller.pipeline.scheduler import Scheduler
from controller.vault import Vault, VaultKeys
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.targets import KINDS
from tests.fakes.installation import SIGNER
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

KEY = Fernet.generate_key().decode()


class Clock:
    """The wall clock of a scheduler in epoch milliseconds, which may be advanced. Checks of a monitor made later are
    requested only while its first round, by the clock of the database, may still begin.
    """

    def __init__(self) -> None:
        self._ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self._ahead_ms

    def advance(self, milliseconds: int) -> None:
        assert milliseconds < CATCH_UP_MS, "rounds would be skipped"
        self._ahead_ms += milliseconds


class Controller:
    """The scheduling part of one controller."""

    def __init__(self, installation: SmallInstallation, url: str, name: str) -> None:
        self.vault = Vault(VaultKeys(KEY))
        self.clock = Clock()
        self.registry = LocationRegistry(installation.db, installation.bus, SIGNER)
        self.dispatcher = Dispatcher(installation.db, installation.bus, self.vault, SIGNER, clock=self.clock)
        self.scheduler = Scheduler(installation.db, url, name, self.registry, self.dispatcher, clock=self.clock)
        self._installation = installation
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.tasks = [
            asyncio.create_task(keep("heartbeats", self.registry.follow_heartbeats)),
            asyncio.create_task(keep("location_registry", self.registry.refresh, every_seconds=0.1)),
            asyncio.create_task(keep("scheduler", self.scheduler.lead_once)),
        ]

    async def advance(self, milliseconds: int) -> None:
        """Advance the clock, and return when every round due until then was published to the broker."""
        self.clock.advance(milliseconds)
        until = to_datetime(self.clock())

        async def published() -> bool:
            return bool(await self._installation.value("SELECT watermark >= $1 FROM schedule", until))

        await eventually(published)

    async def die(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def controller(
    installation: SmallInstallation, url: str, name: str = "one", ready: tuple[str, ...] = ("DE", "US")
) -> AsyncIterator[Controller]:
    """A controller that schedules, with an agent ready in these countries until the end of the test."""
    it = Controller(installation, url, name)
    it.start()

    async def agents_known() -> bool:
        for country in ready:
            await installation.heartbeat(country)
        return bool(await installation.value("SELECT count(DISTINCT location_id) FROM agent") == len(ready))

    try:
        await eventually(agents_known)
        await eventually(lambda: _consumers_made(installation))
        if ready:
            await installation.keep_agents()
        yield it
    finally:
        await it.die()


async def _consumers_made(installation: SmallInstallation) -> bool:
    return len(await installation.bus.client.jsm().consumers_info(subjects.CHECKS)) == 2 * len(KINDS)


async def requests(installation: SmallInstallation, country: str, count: int) -> list[CheckRequest]:
    found: list[CheckRequest] = []

    async def enough() -> bool:
        found.extend(await installation.take_requests(country, 0.1))
        return len(found) >= count

    await eventually(enough)
    return found


async def until_leader_knows(installation: SmallInstallation, *countries: str) -> None:
    """Return when the leader knows every change so far and no earlier request is left in the queues of these countries:
    it requests checks of a monitor that was made after the changes.
    """
    latest = await installation.monitor(interval=3600)
    for country in countries:

        async def requested(here: str = country) -> bool:
            return any(request.monitor_id == latest for request in await installation.take_requests(here, 0.1))

        await eventually(requested)
