from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ingestor import Ingestor
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.pipeline.canary_case import CanaryCase
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.ops.working import following_registry
from tests.integration.pipeline.result_case import HOUR, ResultCase
from tests.integration.pipeline.small_installation import SmallInstallation


@pytest.fixture
async def small_installation(database_url: str, bus: Bus) -> AsyncIterator[SmallInstallation]:
    async with Database.open(database_url) as db:
        small_installation = SmallInstallation(db, bus)
        await small_installation.begin("DE", "US")
        yield small_installation


@pytest.fixture
async def case(small_installation: SmallInstallation) -> EvaluationCase:
    case = EvaluationCase(small_installation)
    await case.begin()
    return case


@pytest.fixture
async def ingest_case(small_installation: SmallInstallation) -> AsyncIterator[IngestCase]:
    consumer = await small_installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
    batches = await small_installation.bus.consumer(subjects.RESULTS, subjects.INGEST_BATCHES)
    ingestor = Ingestor(small_installation.db, small_installation.bus)
    yield IngestCase(ingestor, consumer, batches)
    await consumer.close()
    await batches.close()


@pytest.fixture
async def canary_case(database_url: str, bus: Bus) -> AsyncIterator[CanaryCase]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        installation = SmallInstallation(db, bus)
        await installation.begin("DE")
        async with following_registry(installation) as registry:
            assert registry._listening_since is not None
            registry._listening_since -= 60  # so that a silent location is known to be silent
            yield CanaryCase(installation, registry)


@pytest.fixture
async def result_case(small_installation: SmallInstallation) -> ResultCase:
    monitor = await small_installation.monitor(interval=60, countries=["DE"])
    since = utc_now() - HOUR
    await small_installation.value("UPDATE monitor SET target_changed_at = $2 WHERE public_id = $1", monitor, since)
    await small_installation.value("UPDATE location SET created_at = now() - interval '30 days'")
    return ResultCase(small_installation, monitor, since)
