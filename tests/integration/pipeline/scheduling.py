"""The scheduling part of a controller, on a real database and a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.fernet import Fernet

from controller.decisions.schedule.rounds import CATCH_UP_MS
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.location_registry import Roster
from controller.pipeline.loops import keep
from controller.pipeline.scheduler import Scheduler
from controller.vault import Vault, VaultKeys
from shared.clock import now_ms
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.rounds import to_datetime
from shared.wire.targets import KINDS
from tests.fakes.installation import SIGNER
from tests.integration.pipeline.world import World, eventually

KEY = Fernet.generate_key().decode()


class Clock:
    """The wall clock of a scheduler in epoch milliseconds. It may be advanced; a monitor made later is asked for
    only as long as its first round, by the clock of the database, may still begin.
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

    def __init__(self, world: World, url: str, name: str) -> None:
        self.vault = Vault(VaultKeys(KEY))
        self.clock = Clock()
        self.roster = Roster(world.db, world.bus, SIGNER)
        self.dispatcher = Dispatcher(world.db, world.bus, self.vault, SIGNER, clock=self.clock)
        self.scheduler = Scheduler(world.db, url, name, self.roster, self.dispatcher, clock=self.clock)
        self._world = world
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.tasks = [
            asyncio.create_task(keep("heartbeats", self.roster.follow_heartbeats)),
            asyncio.create_task(keep("roster", self.roster.refresh, every_seconds=0.1)),
            asyncio.create_task(keep("scheduler", self.scheduler.lead_once)),
        ]

    async def advance(self, milliseconds: int) -> None:
        """Advance the clock, and return when every round due until then was given to the broker."""
        self.clock.advance(milliseconds)
        until = to_datetime(self.clock())

        async def published() -> bool:
            return bool(await self._world.value("SELECT watermark >= $1 FROM schedule", until))

        await eventually(published)

    async def die(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def controller(
    world: World, url: str, name: str = "one", ready: tuple[str, ...] = ("DE", "US")
) -> AsyncIterator[Controller]:
    """A controller that schedules, with an agent ready in these countries, to the end of the test."""
    it = Controller(world, url, name)
    it.start()

    async def seen() -> bool:
        for country in ready:
            await world.heartbeat(country)
        return bool(await world.value("SELECT count(DISTINCT location_id) FROM agent") == len(ready))

    try:
        await eventually(seen)
        await eventually(lambda: _consumers_made(world))
        if ready:
            await world.keep_agents()
        yield it
    finally:
        await it.die()


async def _consumers_made(world: World) -> bool:
    return len(await world.bus.client.jsm().consumers_info(subjects.CHECKS)) == 2 * len(KINDS)


async def requests(world: World, country: str, count: int) -> list[CheckRequest]:
    found: list[CheckRequest] = []

    async def enough() -> bool:
        found.extend(await world.take_requests(country, 0.1))
        return len(found) >= count

    await eventually(enough)
    return found


async def heard(world: World, *countries: str) -> None:
    """Return when the leader has heard of every change so far, and nothing it asked for before is left in the queues
    of these countries: it asks for a monitor that was made after the changes.
    """
    latest = await world.monitor(interval=3600)
    for country in countries:

        async def asked(here: str = country) -> bool:
            return any(request.monitor_id == latest for request in await world.take_requests(here, 0.1))

        await eventually(asked)
