"""Ingest that failed begins again, and nothing that was in its hands is lost."""

from __future__ import annotations

import asyncio

import pytest

from controller.pipeline.ingestor import Ingestor
from shared.nats.bus import Bus
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually


async def test_what_was_fetched_when_the_broker_failed_is_delivered_again_and_stored(
    small_installation: SmallInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch is being read, and another waits for its turn, when the other consumer fails."""
    ingestor = Ingestor(small_installation.db, small_installation.bus)
    fail, is_reading = asyncio.Event(), asyncio.Event()
    of_bus, read = Bus.consumer, ingestor._read

    async def consumer(bus: Bus, stream: str, durable: str) -> Consumer:
        found = await of_bus(bus, stream, durable)
        if durable == subjects.INGEST_BATCHES:

            async def fetch(most: int, wait_seconds: float) -> list[Delivery]:
                await fail.wait()
                raise BusError("away")

            monkeypatch.setattr(found, "fetch", fetch)
        return found

    async def hang(_: object) -> list[object]:
        is_reading.set()
        return await asyncio.Event().wait() and []

    first, second = [a_result(await small_installation.monitor()) for _ in range(2)]
    with monkeypatch.context() as failing:
        failing.setattr(Bus, "consumer", consumer)
        failing.setattr(ingestor, "_read", hang)
        ingesting = asyncio.create_task(ingestor.ingest())
        await small_installation.report(first)
        await is_reading.wait()
        await small_installation.report(second)

        async def both_in_hand() -> bool:
            return len(ingestor._in_hand) == 2

        await eventually(both_in_hand)
        fail.set()
        with pytest.raises(BusError):
            await ingesting
    assert ingestor._read == read
    again = asyncio.create_task(ingestor.ingest())

    async def stored() -> bool:
        return bool(await small_installation.value("SELECT count(*) = 2 FROM result"))

    await eventually(stored)
    again.cancel()
    await asyncio.wait([again])


async def test_a_task_that_ended_before_its_first_step_stops_no_later_run(
    small_installation: SmallInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingestor = Ingestor(small_installation.db, small_installation.bus)

    async def fail(*_: object) -> list[Delivery]:
        await ingestor._reading.acquire()  # as for a task that is cancelled then
        raise BusError("away")

    with monkeypatch.context() as failing:
        failing.setattr(Consumer, "fetch", fail)
        with pytest.raises(BusError):
            await ingestor.ingest()
    await small_installation.report(a_result(await small_installation.monitor()))
    again = asyncio.create_task(ingestor.ingest())

    async def stored() -> bool:
        return bool(await small_installation.value("SELECT count(*) = 1 FROM result"))

    await eventually(stored)
    again.cancel()
    await asyncio.wait([again])


async def test_ingest_ends_also_when_it_is_cancelled_at_the_moment_of_an_answer(
    small_installation: SmallInstallation,
) -> None:
    """Else the controller would wait for it for ever when somebody stops it soon after it began."""
    ingesting = asyncio.create_task(Ingestor(small_installation.db, small_installation.bus).ingest())
    answers = small_installation.bus.client._resp_map
    async with asyncio.timeout(20):
        while not answers:
            await asyncio.sleep(0)
    next(iter(answers.values())).add_done_callback(lambda _: ingesting.cancel())
    await asyncio.wait([ingesting], timeout=20)
    ended = ingesting.cancelled()
    ingesting.cancel()
    assert ended
