from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.pipeline.ingestor import Ingestor
from controller.pipeline.janitor import prepare_partitions
from controller.store.pool import Database
from shared import subjects
from shared.bus import Bus
from tests.integration.pipeline.court import Court
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World


@pytest.fixture
async def world(database_url: str, bus: Bus) -> AsyncIterator[World]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
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
