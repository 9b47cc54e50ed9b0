"""What goes through servers that have only just begun: tried until it works."""

from __future__ import annotations

import asyncio

from controller.broker.streams import ensure_streams
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError

_SECONDS = 45.0
"""A vote that is split is taken again, each time after up to nine seconds."""


async def made_streams(bus: Bus) -> None:
    """A cluster that has just begun chooses its leader first."""
    async with asyncio.timeout(_SECONDS):
        while True:
            try:
                await ensure_streams(bus)
            except BusError:
                await asyncio.sleep(0.05)
            else:
                return


async def published(bus: Bus, subject: str, message_id: str) -> None:
    async with asyncio.timeout(_SECONDS):
        while True:
            try:
                await bus.publish(Message(subject, b"found", message_id))
            except BusError:
                await asyncio.sleep(0.05)
            else:
                return


async def fetched(consumer: Consumer) -> Delivery:
    """The first message; a leaf that is not connected to the centre yet has no consumers."""
    async with asyncio.timeout(_SECONDS):
        while True:
            try:
                for delivery in await consumer.fetch(1, 1.0):
                    return delivery
            except BusError:
                await asyncio.sleep(0.05)


async def gets_in(broker: Broker) -> bool:
    """Whether a server lets somebody in; whom it does not know it asks the other servers about first."""
    async with Bus.open(broker, name="test") as bus, asyncio.timeout(_SECONDS):
        while not bus.connected:
            if "authorization violation" in str(bus.trouble).lower():
                return False
            await asyncio.sleep(0.02)
        return True
