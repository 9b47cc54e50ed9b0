from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.pipeline.janitor import prepare_partitions
from controller.store.pool import Database
from shared.bus import Bus
from tests.integration.pipeline.world import World


@pytest.fixture
async def world(database_url: str, bus: Bus) -> AsyncIterator[World]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        world = World(db, bus)
        await world.begin("DE", "US")
        yield world
