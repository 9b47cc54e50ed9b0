"""Reads the whole public stream of events with a consumer of its own."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import msgspec
from nats.errors import TimeoutError as NoMessagesError
from nats.js.errors import ServiceUnavailableError

from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.messages import EventType

_SECONDS = 60.0

T = TypeVar("T")


async def read_events(broker: Broker, kind: EventType, shape: type[T], *, monitor: str = "*") -> list[T]:
    """All events of this kind, of one monitor (its public id) or of all, in order; fails after more than a minute."""
    subject = f"{subjects.ALL_EVENTS.removesuffix('>')}*.*.{monitor}.{kind}"
    deadline = time.monotonic() + _SECONDS
    found: list[Any] = []
    async with Bus.open(broker, name="read events") as bus:
        await bus.wait_connected()
        subscription = await bus.client.jetstream(timeout=_SECONDS).pull_subscribe(subject, stream=subjects.EVENTS)
        expected = (await subscription.consumer_info()).num_pending or 0
        while len(found) < expected:
            assert time.monotonic() < deadline, f"{len(found)} of {expected} events read"
            try:
                messages = await subscription.fetch(1000, timeout=2)
            except (NoMessagesError, ServiceUnavailableError):
                continue  # in a cluster a new consumer has no leader for a moment
            for message in messages:
                await message.ack()
            found += messages
        await subscription.unsubscribe()
    return [msgspec.json.decode(message.data, type=shape) for message in found]
