"""Read a stream by sequence: what it holds, a page of what came after some message, or everything from there on.

With its neighbours `shared.bus`, `shared.broker`, `shared.streams` and `shared.jetstream` a place that imports `nats`.
Nothing here is acknowledged or remembered by the broker: who reads keeps its own place.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NamedTuple

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header

from shared.nats import jetstream
from shared.nats.bus import Bus
from shared.nats.cancelling import heed_cancellation
from shared.nats.errors import TROUBLE, BusError, words

BATCH = 500
_ASK_SECONDS = 2.0
_FOLLOW_SECONDS = 1.0
_LINGER_SECONDS = 5.0
_FORGOTTEN_SECONDS = 30.0
_PENDING_BYTES = 64 * 1024 * 1024
_OVER = frozenset({"404", "408"})  # nothing there, or the time is up: all that was asked for has come


class Stored(NamedTuple):
    """A message of a stream; sequences grow by its whole life, with holes where messages were removed."""

    sequence: int
    subject: str
    body: bytes


class StreamState(NamedTuple):
    """What a stream holds: nothing when `last` is below `first`. Another stream of the same name, made after the first
    was deleted, counts its sequences anew and differs in `created`.
    """

    created: datetime
    first: int
    last: int


class Page(NamedTuple):
    """Some messages in order, and whether there are more behind them."""

    messages: list[Stored]
    more: bool


class _Sequences(msgspec.Struct):
    first_seq: int
    last_seq: int


class _Info(msgspec.Struct):
    """What is read of the broker's answer about a stream."""

    created: datetime
    state: _Sequences


async def stream_state(bus: Bus, stream: str) -> StreamState:
    """Raises BusError, also when there is no such stream."""
    info = await jetstream.ask(_connected(bus), f"STREAM.INFO.{stream}", _Info)
    return StreamState(info.created, max(1, info.state.first_seq), info.state.last_seq)


async def read_after(bus: Bus, stream: str, after: int, subjects: Sequence[str], *, at_most: int = BATCH) -> Page:
    """The first messages with a sequence above `after` on any of these subjects, which must not overlap.

    Raises BusError; what was read until then can be read again.
    """
    async with _reading(_connected(bus), stream, after, subjects) as reader:
        if not reader.pending:
            return Page([], more=False)
        wanted = min(at_most, reader.pending)
        await reader.ask(wanted)
        messages: list[Stored] = []
        while reader.asked:
            found = await reader.take(_ASK_SECONDS)
            if not found:
                break
            messages += found
        return Page(messages, more=reader.pending > 0 or len(messages) < wanted)


async def follow(bus: Bus, stream: str, after: int, subjects: Sequence[str]) -> AsyncGenerator[list[Stored]]:
    """Batches of the messages with a sequence above `after`, old and new, in order and without a hole; an empty one
    each second in which none came. Raises BusError when that cannot be kept up, as after a reconnect: begin anew
    behind the last message.
    """
    client = _connected(bus)
    reconnects = client.stats["reconnects"]
    async with _reading(client, stream, after, subjects) as reader:
        while True:
            await reader.keep_asking()
            messages = await reader.take(_FOLLOW_SECONDS)
            heed_cancellation()
            yield messages
            # What was under way when the connection broke is not delivered again, since nothing is acknowledged.
            if client.is_closed or client.stats["reconnects"] != reconnects:
                raise BusError("the connection was interrupted")


class _Reader:
    """What a consumer delivers, taken as it comes: the client's own `fetch` needs some turns of the event loop for
    each message, which is slow where the loop is busy.
    """

    def __init__(self, client: Client, inbox: str, consumer: str, pending: int) -> None:
        self.pending = pending
        """How many messages there were behind the last one taken."""
        self.asked = 0
        """How many of those asked for may still come."""
        self._client = client
        self._inbox = inbox
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer}"
        self._arrived: deque[Msg] = deque()
        self._something = asyncio.Event()
        self._consumed = 0
        self._until = 0.0

    async def arrive(self, message: Msg) -> None:
        self._arrived.append(message)
        self._something.set()

    async def ask(self, count: int, *, linger_seconds: float = 0.0) -> None:
        """For so many, those that come within that time included. Raises BusError."""
        wish: dict[str, object] = {"batch": count}
        wish |= {"expires": int(linger_seconds * 1e9)} if linger_seconds else {"no_wait": True}
        try:
            await self._client.publish(self._subject, msgspec.json.encode(wish), reply=self._inbox)
        except TROUBLE as error:
            raise BusError(words(error)) from error
        self.asked = count
        self._until = asyncio.get_running_loop().time() + linger_seconds + _ASK_SECONDS

    async def keep_asking(self) -> None:
        """Have a request waiting at the broker. Raises BusError, also when it did not answer for the last one."""
        if self.asked == 0:
            await self.ask(BATCH, linger_seconds=_LINGER_SECONDS)
        elif asyncio.get_running_loop().time() > self._until:
            raise BusError("the broker does not deliver")

    async def take(self, seconds: float) -> list[Stored]:
        """All that has arrived, as soon as there is something; none after that time. Raises BusError for a hole."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return []
        self._something.clear()
        messages: list[Stored] = []
        while self._arrived:
            message = self._arrived.popleft()
            status = message.headers.get(Header.STATUS) if message.headers else None
            if status is None:
                messages.append(self._stored(message))
            elif status in _OVER:
                self.asked = 0
            else:
                raise BusError(f"the broker ends the reading: {status}")
        return messages

    def _stored(self, message: Msg) -> Stored:
        about = message.metadata
        if about.sequence.consumer != self._consumed + 1:
            raise BusError("messages were lost on the way")
        self._consumed += 1
        self.pending = about.num_pending
        self.asked = max(0, self.asked - 1)
        return Stored(about.sequence.stream, message.subject, message.data)


@asynccontextmanager
async def _reading(client: Client, stream: str, after: int, subjects: Sequence[str]) -> AsyncIterator[_Reader]:
    """By a consumer that the broker forgets by itself when nobody removes it. Raises BusError."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        ack_policy=AckPolicy.NONE,
        filter_subjects=list(subjects),
        inactive_threshold=_FORGOTTEN_SECONDS,
        mem_storage=True,
        num_replicas=1,
    )
    manager = client.jsm(timeout=_ASK_SECONDS)
    inbox = client.new_inbox()
    try:
        info = await manager.add_consumer(stream, config)
        reader = _Reader(client, inbox, f"{stream}.{info.name}", info.num_pending or 0)
        subscription = await client.subscribe(inbox, cb=reader.arrive, pending_bytes_limit=_PENDING_BYTES)
    except TROUBLE as error:
        raise BusError(words(error)) from error
    try:
        yield reader
    finally:
        with suppress(*TROUBLE):
            await subscription.unsubscribe()
        if client.is_connected:
            with suppress(*TROUBLE):
                await manager.delete_consumer(stream, info.name)


def _connected(bus: Bus) -> Client:
    """Raises BusError; the client would wait for its connection to come back."""
    if not bus.connected:
        raise BusError("not connected to NATS")
    return bus.client
