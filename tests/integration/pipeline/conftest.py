from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.pipeline.ingestor import Ingestor
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.pipeline.asked import HOUR, Case
from tests.integration.pipeline.court import Court
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World


@pytest.fixture
async def world(database_url: str, bus: Bus) -> AsyncIterator[World]:
    async with Database.open(database_url) as db:
        world = World(db, bus)
        await world.begin("DE", "US")
        yield world


@pytest.fixture
async def court(world: World) -> Court:
    court = Court(world)
    await court.begin()
    return court


@pytest.fixture
async def pipe(world: World) -> AsyncIterator[Pipe]:
    consumer = await world.bus.consumer(subjects.RESULTS, subjects.INGEST)
    yield Pipe(Ingestor(world.db, world.bus), consumer)
    await consumer.close()


@pytest.fixture
async def case(world: World) -> Case:
    monitor = await world.monitor(interval=60, countries=["DE"])
    since = utc_now() - HOUR
    await world.value("UPDATE monitor SET target_changed_at = $2 WHERE public_id = $1", monitor, since)
    await world.value("UPDATE location SET created_at = now() - interval '30 days'")
    return Case(world, monitor, since)
