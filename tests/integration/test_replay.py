"""Reading a stream by sequence: pages, following, and what happens when the stream disappears or the reader ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import uuid4

import pytest

from controller.broker.replay import Stored, follow, read_after, stream_state
from controller.broker.streams import ensure_streams
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects

ORGANIZATION = uuid4()
SUBJECTS = [subjects.event(ORGANIZATION, uuid4(), uuid4(), "result") for _ in range(3)]


async def publish(bus: Bus, count: int, subject: str = SUBJECTS[0]) -> None:
    refusals = await bus.publish_all([Message(subject, b"%d" % number, str(uuid4())) for number in range(count)])
    assert not any(refusals)


async def test_the_state_says_what_is_stored_and_which_stream_it_is(bus: Bus) -> None:
    new = await stream_state(bus, subjects.EVENTS)
    assert (new.first, new.last) == (1, 0)
    await publish(bus, 5)
    await bus.client.jsm().purge_stream(subjects.EVENTS, seq=4)
    assert (await stream_state(bus, subjects.EVENTS))[:3] == (new.created, 4, 5)
    await bus.client.jsm().purge_stream(subjects.EVENTS)
    assert (await stream_state(bus, subjects.EVENTS))[:3] == (new.created, 6, 5)
    await bus.client.jsm().delete_stream(subjects.EVENTS)
    with pytest.raises(BusError, match=r"stream not found \(STREAM\.INFO\.EVENTS\)"):
        await stream_state(bus, subjects.EVENTS)
    await ensure_streams(bus)
    assert (await stream_state(bus, subjects.EVENTS)).created > new.created


async def test_pages_hold_the_filtered_subjects_in_order_and_say_whether_there_is_more(bus: Bus) -> None:
    for subject in SUBJECTS * 4:
        await publish(bus, 1, subject)
    filtered = SUBJECTS[:2]
    first = await read_after(bus, subjects.EVENTS, 1, filtered, at_most=3)
    assert [(each.sequence, each.subject) for each in first.messages] == [
        (2, SUBJECTS[1]),
        (4, SUBJECTS[0]),
        (5, SUBJECTS[1]),
    ]
    assert first.more
    rest = await read_after(bus, subjects.EVENTS, 5, filtered)
    assert [each.sequence for each in rest.messages] == [7, 8, 10, 11]
    assert not rest.more
    assert await read_after(bus, subjects.EVENTS, 11, filtered) == ([], False)
    assert await read_after(bus, subjects.EVENTS, 99, filtered) == ([], False)
    assert (await bus.client.jsm().stream_info(subjects.EVENTS)).state.consumer_count == 0


async def test_following_yields_the_past_and_then_what_comes(bus: Bus) -> None:
    await publish(bus, 300)
    async with aclosing(follow(bus, subjects.EVENTS, 10, [subjects.ALL_EVENTS])) as batches:
        sequences = await _up_to(batches, 300)
        await publish(bus, 40)
        sequences += await _up_to(batches, 340)
    assert sequences == list(range(11, 341))
    assert (await bus.client.jsm().stream_info(subjects.EVENTS)).state.consumer_count == 0


async def test_a_stream_that_goes_away_ends_the_following(bus: Bus) -> None:
    await publish(bus, 1)
    async with aclosing(follow(bus, subjects.EVENTS, 0, [subjects.ALL_EVENTS])) as batches:
        assert await _up_to(batches, 1) == [1]
        await bus.client.jsm().delete_stream(subjects.EVENTS)
        with pytest.raises(BusError):
            await _up_to(batches, 2)


async def test_after_a_reconnect_the_reader_begins_anew(bus: Bus) -> None:
    """Otherwise the messages that were on their way when the connection broke would be missing."""
    await publish(bus, 1)
    async with aclosing(follow(bus, subjects.EVENTS, 0, [subjects.ALL_EVENTS])) as batches:
        assert await _up_to(batches, 1) == [1]
        transport = bus.client._transport
        assert transport is not None
        transport.close()  # type: ignore[no-untyped-call]
        with pytest.raises(BusError):
            await _up_to(batches, 2)


async def test_a_cancelled_reader_ends_however_busy_it_is(bus: Bus) -> None:
    """The NATS client loses a cancellation that comes together with messages."""
    stop = asyncio.Event()

    async def busy() -> None:
        while not stop.is_set():
            await publish(bus, 5)

    async def read() -> None:
        async with aclosing(follow(bus, subjects.EVENTS, 0, [subjects.ALL_EVENTS])) as batches:
            async for _ in batches:
                pass

    async def fetch() -> None:
        consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
        try:
            while True:
                for delivery in await consumer.fetch(5, 1.0):
                    await delivery.ack()
        finally:
            await consumer.close()

    async def busy_results() -> None:
        while not stop.is_set():
            await publish(bus, 5, subjects.result("DE", "de"))

    publishing = [asyncio.create_task(busy()), asyncio.create_task(busy_results())]
    try:
        for number in range(40):
            reading = [asyncio.create_task(read()), asyncio.create_task(fetch())]
            await asyncio.sleep(0.02 + 0.0007 * number)
            for task in reading:
                task.cancel()
            _, left = await asyncio.wait(reading, timeout=20)
            assert not left, number
            assert all(task.cancelled() for task in reading)
    finally:
        stop.set()
        await asyncio.gather(*publishing)


async def _up_to(batches: AsyncIterator[list[Stored]], sequence: int) -> list[int]:
    sequences: list[int] = []
    async with asyncio.timeout(30):
        while not sequences or sequences[-1] < sequence:
            sequences += [each.sequence for each in await anext(batches)]
    return sequences
