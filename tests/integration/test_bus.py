from __future__ import annotations

import asyncio

from shared import subjects
from shared.bus import Bus, Message
from tests.integration.pipeline.world import eventually


async def test_a_connection_that_the_server_ends_for_good_is_replaced(bus: Bus) -> None:
    """nats-py closes itself for every error but two that a server sends on a live connection."""
    before = bus.client
    await bus.client._process_err("'authentication timeout'")

    async def back() -> bool:
        return bus.connected and bus.client is not before

    await eventually(back)
    await bus.publish(Message(subjects.result("DE", "de"), b"{}", "after"))
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    assert [delivery.body for delivery in await consumer.fetch(10, 1)] == [b"{}"]
    await consumer.close()


async def test_a_bus_that_never_came_to_connect_is_closed_in_order() -> None:
    async with Bus.open("nats://127.0.0.1:1", name="before its first attempt") as bus:
        pass
    assert not bus.connected
    async with Bus.open("nats://127.0.0.1:port", name="after an address that is none") as bus:
        await asyncio.sleep(0.02)
    assert not bus.connected
