"""Traffic through servers that have just started; each attempt is repeated until it works."""

from __future__ import annotations

import asyncio

from controller.broker.streams import ensure_streams
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError

_SECONDS = 45.0
"""A leader election without a majority is repeated, each time after up to nine seconds."""


async def made_streams(bus: Bus) -> None:
    """A cluster that has just started must elect its leader first."""
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
    """The first message. A leaf that is not yet connected to the centre has no consumers."""
    async with asyncio.timeout(_SECONDS):
        while True:
            try:
                for delivery in await consumer.fetch(1, 1.0):
                    return delivery
            except BusError:
                await asyncio.sleep(0.05)


async def gets_in(broker: Broker) -> bool:
    """Whether a server accepts a login. It consults the other servers about an account that it does not know."""
    async with Bus.open(broker, name="test") as bus, asyncio.timeout(_SECONDS):
        while not bus.connected:
            if "authorization violation" in str(bus.last_error).lower():
                return False
            await asyncio.sleep(0.02)
        return True
