"""Tests that a stream stores what is published, by a message of its own that no consumer reads."""

from __future__ import annotations

from secrets import token_hex

import msgspec

from shared.nats import jetstream
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects


class _Purged(msgspec.Struct):
    """The part of the broker's answer that is read."""

    purged: int


_BODY_BYTES = 2048
"""About as much as a result has: an empty message may fit where nothing else does."""


async def write_once(bus: Bus, stream: str, *, wait_seconds: float) -> bool:
    """Publish a message into the stream and remove it again. Returns whether it could be removed: the next test removes
    what this one left. Raises BusError when the stream does not store it.
    """
    subject = subjects.WRITE_TESTS[stream]
    await bus.publish(Message(subject, bytes(_BODY_BYTES), token_hex(16)), wait_seconds=wait_seconds)
    try:
        await jetstream.request(bus.client, f"STREAM.PURGE.{stream}", _Purged, msgspec.json.encode({"filter": subject}))
    except BusError:
        return False
    return True
