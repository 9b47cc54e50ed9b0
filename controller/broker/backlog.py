"""Counts the messages in the streams of the broker, and those that consumers have not taken or not acknowledged."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from shared.nats import jetstream
from shared.nats.bus import Bus
from shared.wire import subjects

_MOST_PAGES = 40


class StreamBacklog(NamedTuple):
    """`limit_bytes` is None without a limit, `oldest_seconds` is 0 for an empty stream."""

    messages: int
    bytes: int
    limit_bytes: int | None
    oldest_seconds: float
    consumers: int


class ConsumerBacklog(NamedTuple):
    """Messages not delivered yet, and messages delivered but not acknowledged."""

    pending: int
    unacknowledged: int


class Backlog(NamedTuple):
    """Streams by name; consumers by the name of their stream and their own name."""

    streams: dict[str, StreamBacklog]
    consumers: dict[tuple[str, str], ConsumerBacklog]


class CheckConsumer(msgspec.Struct):
    """How many fetches of agents wait at a consumer of checks, and how many requests are not acknowledged."""

    num_waiting: int = 0
    num_ack_pending: int = 0


class _Config(msgspec.Struct):
    max_bytes: int = -1


class _State(msgspec.Struct):
    messages: int
    bytes: int
    first_ts: datetime
    consumer_count: int


class _Stream(msgspec.Struct):
    config: _Config
    state: _State
    ts: datetime


class _Consumer(msgspec.Struct):
    name: str
    num_pending: int
    num_ack_pending: int


class _Page(msgspec.Struct):
    total: int
    consumers: list[_Consumer] | None = None


async def backlog(bus: Bus) -> Backlog:
    """The state of every stream of Mailprobe, and of the consumers of checks and results. Raises BusError."""
    streams = {name: await _stream(bus, name) for name in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)}
    consumers = {
        (stream, one.name): ConsumerBacklog(one.num_pending, one.num_ack_pending)
        for stream in (subjects.CHECKS, subjects.RESULTS)
        for one in await _consumers(bus, stream)
    }
    return Backlog(streams, consumers)


async def check_consumer(bus: Bus, location: str, kind: str) -> CheckConsumer:
    """The consumer of a location for one kind of check. Raises BusError, also when it does not exist."""
    name = subjects.check_consumer(location, kind)
    return await jetstream.request(bus.client, f"CONSUMER.INFO.{subjects.CHECKS}.{name}", CheckConsumer)


async def _stream(bus: Bus, name: str) -> StreamBacklog:
    info = await jetstream.request(bus.client, f"STREAM.INFO.{name}", _Stream)
    state = info.state
    return StreamBacklog(
        messages=state.messages,
        bytes=state.bytes,
        limit_bytes=info.config.max_bytes if info.config.max_bytes > 0 else None,
        oldest_seconds=max(0.0, (info.ts - state.first_ts).total_seconds()) if state.messages else 0.0,
        consumers=state.consumer_count,
    )


async def _consumers(bus: Bus, stream: str) -> list[_Consumer]:
    found: list[_Consumer] = []
    for _ in range(_MOST_PAGES):
        body = msgspec.json.encode({"offset": len(found)})
        page = await jetstream.request(bus.client, f"CONSUMER.LIST.{stream}", _Page, body)
        found += page.consumers or []
        if not page.consumers or len(found) >= page.total:
            break
    return found
