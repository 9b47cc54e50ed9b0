"""Reads a stream by sequence: its state, a page of messages behind a sequence, or all messages from there on.

Nothing is acknowledged, and the broker keeps no position: the reader must keep its own. Besides `shared.nats` and
`controller.broker.streams`, this is a module that may import `nats`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NamedTuple

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header

from shared.nats import jetstream
from shared.nats.bus import Bus
from shared.nats.errors import BROKER_ERRORS, BusError, describe
from shared.nats.lost_cancellation import raise_lost_cancellation

BATCH = 500
_REQUEST_SECONDS = 2.0
_FOLLOW_SECONDS = 1.0
_LINGER_SECONDS = 5.0
_INACTIVE_SECONDS = 30.0
_PENDING_BYTES = 64 * 1024 * 1024
_OVER = frozenset({"404", "408"})  # no message, or the request expired: it is complete


class Stored(NamedTuple):
    """A message of a stream. Sequences only grow, with holes where messages were removed."""

    sequence: int
    subject: str
    body: bytes
    message_id: str | None = None


class StreamState(NamedTuple):
    """The sequences that a stream holds: none when `last` is below `first`. A stream that was deleted and recreated
    under the same name restarts its sequences and differs in `created`. `first_at` is when the first one was stored,
    if it is known.
    """

    created: datetime
    first: int
    last: int
    first_at: datetime | None = None


class MessagePage(NamedTuple):
    """Some messages in order, and whether more follow."""

    messages: list[Stored]
    more: bool


class _Sequences(msgspec.Struct):
    first_seq: int
    last_seq: int
    first_ts: datetime


class _Info(msgspec.Struct):
    """The part of the broker's answer about a stream that is read."""

    created: datetime
    state: _Sequences


async def stream_state(bus: Bus, stream: str) -> StreamState:
    """The state of a stream. Raises BusError, also when there is no such stream."""
    info = await jetstream.request(_connected(bus), f"STREAM.INFO.{stream}", _Info)
    return StreamState(info.created, max(1, info.state.first_seq), info.state.last_seq, info.state.first_ts)


async def read_after(
    bus: Bus, stream: str, after: int, subjects: Sequence[str], *, at_most: int = BATCH
) -> MessagePage:
    """The first messages with a sequence above `after` on any of these subjects, which must not overlap.

    Raises BusError; the caller can then read the same page again.
    """
    async with _reading(_connected(bus), stream, after, subjects) as reader:
        if not reader.pending:
            return MessagePage([], more=False)
        batch = min(at_most, reader.pending)
        await reader.request(batch)
        messages: list[Stored] = []
        while reader.expected:
            found = await reader.take(_REQUEST_SECONDS)
            if not found:
                break
            messages += found
        return MessagePage(messages, more=reader.pending > 0 or len(messages) < batch)


async def message_ids_since(bus: Bus, stream: str, since: datetime, subject: str, wanted: Collection[str]) -> set[str]:
    """Those of the wanted ids that messages have which were stored on this subject since that moment of the broker's
    clock.

    Raises BusError; the caller can then read them again.
    """
    found: set[str] = set()
    async with _reading(_connected(bus), stream, since, [subject], headers_only=True) as reader:
        while reader.pending and len(found) < len(wanted):
            await reader.request(min(BATCH, reader.pending))
            while reader.expected:
                messages = await reader.take(_REQUEST_SECONDS)
                if not messages and reader.expected:
                    raise BusError("the broker did not answer in time")
                found.update(one.message_id for one in messages if one.message_id and one.message_id in wanted)
    return found


async def follow(bus: Bus, stream: str, after: int, subjects: Sequence[str]) -> AsyncGenerator[list[Stored]]:
    """Batches of the messages with a sequence above `after`, old and new, in order and without a loss; an empty batch
    for each second without messages. Raises BusError when this cannot be guaranteed, such as after a reconnect: the
    caller must then follow again behind its last message.
    """
    client = _connected(bus)
    reconnects = client.stats["reconnects"]
    async with _reading(client, stream, after, subjects) as reader:
        while True:
            await reader.keep_requesting()
            messages = await reader.take(_FOLLOW_SECONDS)
            raise_lost_cancellation()
            yield messages
            # Messages in flight when the connection broke are not delivered again, because nothing is acknowledged.
            if client.is_closed or client.stats["reconnects"] != reconnects:
                raise BusError("the connection was interrupted")


class _Reader:
    """Collects the messages of a consumer as they arrive. The client's own `fetch` needs several iterations of the
    event loop for each message, which is slow when the loop is busy.
    """

    def __init__(self, client: Client, inbox: str, consumer: str, pending: int) -> None:
        self.pending = pending
        """How many messages followed the last one taken."""
        self.expected = 0
        """How many of the requested messages may still come."""
        self._client = client
        self._inbox = inbox
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer}"
        self._arrived: deque[Msg] = deque()
        self._has_arrived = asyncio.Event()
        self._consumed = 0
        self._until = 0.0

    async def arrive(self, message: Msg) -> None:
        self._arrived.append(message)
        self._has_arrived.set()

    async def request(self, count: int, *, linger_seconds: float = 0.0) -> None:
        """Request `count` messages, including those that arrive within `linger_seconds`. Raises BusError."""
        body: dict[str, object] = {"batch": count}
        body |= {"expires": int(linger_seconds * 1e9)} if linger_seconds else {"no_wait": True}
        try:
            await self._client.publish(self._subject, msgspec.json.encode(body), reply=self._inbox)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        self.expected = count
        self._until = asyncio.get_running_loop().time() + linger_seconds + _REQUEST_SECONDS

    async def keep_requesting(self) -> None:
        """Keep a request open at the broker. Raises BusError, also when the last one got no answer in time."""
        if self.expected == 0:
            await self.request(BATCH, linger_seconds=_LINGER_SECONDS)
        elif asyncio.get_running_loop().time() > self._until:
            raise BusError("the broker did not answer in time")

    async def take(self, seconds: float) -> list[Stored]:
        """All messages that have arrived, as soon as there is one; none after `seconds`. Raises BusError for a loss."""
        try:
            async with asyncio.timeout(seconds):
                await self._has_arrived.wait()
        except TimeoutError:
            return []
        self._has_arrived.clear()
        messages: list[Stored] = []
        while self._arrived:
            message = self._arrived.popleft()
            status = message.headers.get(Header.STATUS) if message.headers else None
            if status is None:
                messages.append(self._stored(message))
            elif status in _OVER:
                self.expected = 0
            else:
                raise BusError(f"the broker ended the read with status {status}")
        return messages

    def _stored(self, message: Msg) -> Stored:
        metadata = message.metadata
        if metadata.sequence.consumer != self._consumed + 1:
            raise BusError("messages from the broker were lost")
        self._consumed += 1
        self.pending = metadata.num_pending
        self.expected = max(0, self.expected - 1)
        message_id = (message.headers or {}).get(Header.MSG_ID)
        return Stored(metadata.sequence.stream, message.subject, message.data, message_id)


@asynccontextmanager
async def _reading(
    client: Client, stream: str, after: int | datetime, subjects: Sequence[str], *, headers_only: bool = False
) -> AsyncIterator[_Reader]:
    """A reader of what was stored after a sequence or since a moment, with a temporary consumer, which the broker
    removes if this process cannot. Raises BusError.
    """
    by_sequence = isinstance(after, int)
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE if by_sequence else DeliverPolicy.BY_START_TIME,
        opt_start_seq=after + 1 if isinstance(after, int) else None,
        opt_start_time=None if isinstance(after, int) else after,
        headers_only=headers_only or None,
        ack_policy=AckPolicy.NONE,
        filter_subjects=list(subjects),
        inactive_threshold=_INACTIVE_SECONDS,
        mem_storage=True,
        num_replicas=1,
    )
    manager = client.jsm(timeout=_REQUEST_SECONDS)
    inbox = client.new_inbox()
    try:
        info = await manager.add_consumer(stream, config)
        reader = _Reader(client, inbox, f"{stream}.{info.name}", info.num_pending or 0)
        subscription = await client.subscribe(inbox, cb=reader.arrive, pending_bytes_limit=_PENDING_BYTES)
    except BROKER_ERRORS as error:
        raise BusError(describe(error)) from error
    try:
        yield reader
    finally:
        with suppress(*BROKER_ERRORS):
            await subscription.unsubscribe()
        if client.is_connected:
            with suppress(*BROKER_ERRORS):
                await manager.delete_consumer(stream, info.name)


def _connected(bus: Bus) -> Client:
    """Raises BusError when not connected, where the client itself would wait for its connection."""
    if not bus.connected:
        raise BusError("not connected to NATS")
    return bus.client
