"""A fetch from a shared consumer returns at once what is there, else the first to come, and loses nothing."""

from __future__ import annotations

import asyncio

import pytest

from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer
from shared.nats.errors import BusError
from shared.wire import subjects

LONG = 30.0


async def send(bus: Bus, *names: str) -> None:
    assert not any(await bus.publish_all([Message(subjects.result("DE", "de"), name.encode(), name) for name in names]))


async def fetched(consumer: Consumer, most: int, wait_seconds: float = LONG) -> list[str]:
    deliveries = await consumer.fetch(most, wait_seconds)
    for delivery in deliveries:
        await delivery.ack()
    return [delivery.body.decode() for delivery in deliveries]


async def waiting(consumer: Consumer) -> asyncio.Task[list[str]]:
    """A fetch whose request has reached the broker, which has no message for it yet."""
    while consumer._pull._end is None:  # wait for this request itself: an earlier one might still get messages
        assert await fetched(consumer, 1, 0.02) == []
    fetch = asyncio.create_task(fetched(consumer, 8))
    await asyncio.sleep(0.05)
    assert not fetch.done()
    return fetch


async def test_what_is_there_comes_at_once_and_never_more_than_requested(bus: Bus) -> None:
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    await send(bus, "a", "b", "c")
    async with asyncio.timeout(10):
        assert await fetched(consumer, 2) == ["a", "b"]
        assert await fetched(consumer, 2) == ["c"]


async def test_the_first_to_come_does_not_wait_for_others(bus: Bus) -> None:
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    fetch = await waiting(consumer)
    await send(bus, "a", "b", "c")
    async with asyncio.timeout(10):
        assert await fetch == ["a"]
        assert await fetched(consumer, 8) == ["b", "c"]


async def test_nothing_comes_of_an_empty_stream(bus: Bus) -> None:
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    async with asyncio.timeout(10):
        assert [await fetched(consumer, most, 0.05) for most in (1, 8, 8)] == [[], [], []]


async def test_what_comes_for_a_fetch_that_was_cut_off_is_the_next_ones(bus: Bus) -> None:
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    fetch = await waiting(consumer)
    fetch.cancel()
    await asyncio.wait([fetch])
    await send(bus, "a")
    async with asyncio.timeout(10):
        assert await fetched(consumer, 8) == ["a"]


async def test_what_came_for_nobody_is_given_back_at_the_end(bus: Bus) -> None:
    consumer, other = [await bus.consumer(subjects.RESULTS, subjects.INGEST) for _ in range(2)]
    fetch = await waiting(consumer)
    fetch.cancel()
    await asyncio.wait([fetch])
    await send(bus, "a")
    async with asyncio.timeout(10):
        while not consumer._pull._arrived:
            await asyncio.sleep(0.01)
    await consumer.close()
    async with asyncio.timeout(10):
        (delivery,) = await other.fetch(1, LONG)
    assert (delivery.body, delivery.redelivered) == (b"a", True)


async def test_a_consumer_that_does_not_exist_is_an_error(bus: Bus) -> None:
    consumer = await bus.consumer(subjects.RESULTS, "nobody")
    with pytest.raises(BusError):
        await consumer.fetch(1, LONG)
