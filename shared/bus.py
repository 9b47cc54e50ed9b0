"""NATS, as Mailprobe uses it: connect, publish until acknowledged, fetch from a shared consumer.

With `shared.streams` the only place that imports `nats`. Its errors leave here as BusError: no caller knows the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NamedTuple, Self

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js.api import Header
from nats.js.client import JetStreamContext

log = structlog.get_logger()

PUBLISH_SECONDS = 5.0
_CONNECT_SECONDS = 5
_CLOCK_SECONDS = 2.0
_REOPEN_SECONDS = 1.0
_WINDOW = 256
_PENDING_MESSAGES = 10_000
_TROUBLE = (NatsError, OSError, TimeoutError)


class _Told(msgspec.Struct):
    """What is read of an answer of the broker about itself."""

    ts: datetime


class BusError(Exception):
    """The broker is away, or refused what was asked."""


class Message(NamedTuple):
    """A message for a stream. `message_id` makes a repeat harmless; `ttl_seconds` is whole and at least 1."""

    subject: str
    body: bytes
    message_id: str
    ttl_seconds: int | None = None


class Delivery:
    """A message taken from a stream: its body, and the ways to answer for it.

    An answer that does not reach the broker means a redelivery, which every consumer here must bear anyway.
    """

    __slots__ = ("_message",)

    def __init__(self, message: Msg) -> None:
        self._message = message

    @property
    def body(self) -> bytes:
        return self._message.data

    @property
    def subject(self) -> str:
        return self._message.subject

    @property
    def redelivered(self) -> bool:
        return self._message.metadata.num_delivered > 1

    async def ack(self) -> None:
        """Done; do not deliver again."""
        with suppress(*_TROUBLE):
            await self._message.ack()

    async def nak(self) -> None:
        """Not done; deliver to somebody else at once."""
        with suppress(*_TROUBLE):
            await self._message.nak()

    async def term(self) -> None:
        """Never deliver again, although it was not done."""
        with suppress(*_TROUBLE):
            await self._message.term()

    async def working(self) -> None:
        """Still at it; start the time for an answer anew."""
        with suppress(*_TROUBLE):
            await self._message.in_progress()


class Heard(NamedTuple):
    """A message without a stream, and the subject on which its sender waits for an answer, if it does."""

    subject: str
    body: bytes
    reply_to: str | None


class Consumer:
    """This process's share of a durable pull consumer."""

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._subscription = subscription

    async def fetch(self, most: int, wait_seconds: float) -> list[Delivery]:
        """At most `most` messages, as soon as there are some; none after `wait_seconds`. Raises BusError."""
        try:
            messages = await self._subscription.fetch(most, timeout=wait_seconds)
        except TimeoutError:
            return []
        except _TROUBLE as error:
            raise BusError(_words(error)) from error
        return [Delivery(message) for message in messages]

    async def close(self) -> None:
        with suppress(*_TROUBLE):
            await self._subscription.unsubscribe()


class Bus:
    """One connection to NATS that comes back for ever. Made by `Bus.open`."""

    def __init__(self, url: str, name: str, on_connect: Callable[[], Awaitable[None]] | None) -> None:
        self._url = url
        self._name = name
        self._on_connect = on_connect
        self._use(Client())

    def _use(self, client: Client) -> None:
        self.client = client
        self._stream = client.jetstream(timeout=PUBLISH_SECONDS)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, name: str, on_connect: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[Self]:
        """Yield a bus at once, connected or not; it goes on trying in the background until the context ends.

        `url` may list servers, separated by commas. `on_connect` is awaited after each (re)connect.
        """
        bus = cls(url, name, on_connect)
        connecting = asyncio.create_task(bus._stay_connected(), name="nats-connect")
        try:
            yield bus
        finally:
            connecting.cancel()
            with suppress(asyncio.CancelledError, *_TROUBLE):
                await connecting
            with suppress(*_TROUBLE, AssertionError):  # the latter: it never came to a first attempt
                async with asyncio.timeout(2):
                    await bus.client.close()

    async def _stay_connected(self) -> None:
        """The client reconnects by itself, but an error that the server sends on a live connection closes it for good:
        then a new one takes its place, and consumers and listeners hear a BusError and begin anew.
        """
        while True:
            closed = asyncio.Event()
            try:
                await _connect(self.client, self._url, self._name, self._on_connect, closed)
                await closed.wait()
                log.error("nats_closed_by_server")
            except _TROUBLE as error:
                log.error("nats_connect_failed", error=_words(error))
            await asyncio.sleep(_REOPEN_SECONDS)
            self._use(Client())

    @property
    def connected(self) -> bool:
        return self.client.is_connected

    async def wait_connected(self) -> None:
        while not self.connected:  # noqa: ASYNC110 - the client tells it by a flag only
            await asyncio.sleep(0.05)

    async def publish(self, message: Message) -> None:
        """Return when a stream has stored the message, or had it already. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            await self._stream.publish(
                message.subject,
                message.body,
                headers={Header.MSG_ID: message.message_id},
                msg_ttl=message.ttl_seconds,
            )
        except _TROUBLE as error:
            raise BusError(_words(error)) from error

    async def publish_all(self, messages: Sequence[Message]) -> list[BusError | None]:
        """Publish in windows; for each message None, or why it was not stored."""
        outcomes: list[BusError | None] = []
        for start in range(0, len(messages), _WINDOW):
            window = [self.publish(message) for message in messages[start : start + _WINDOW]]
            for outcome in await asyncio.gather(*window, return_exceptions=True):
                if outcome is not None and not isinstance(outcome, BusError):
                    raise outcome
                outcomes.append(outcome)
        return outcomes

    async def send(self, subject: str, body: bytes) -> None:
        """Publish without a stream: whoever listens now gets it. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            await self.client.publish(subject, body)
        except _TROUBLE as error:
            raise BusError(_words(error)) from error

    async def ask(self, subject: str, body: bytes, wait_seconds: float) -> bytes | None:
        """As `send`, and the first answer to it; None when nobody answers in time. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            answer = await self.client.request(subject, body, timeout=wait_seconds)
        except (TimeoutError, NoRespondersError):
            return None
        except _TROUBLE as error:
            raise BusError(_words(error)) from error
        return answer.data

    async def listen(self, subject: str) -> AsyncGenerator[Heard]:
        """Every message sent to `subject` from now on, over reconnects; the oldest are dropped when the reader falls
        10,000 behind. Raises BusError when the connection is not there yet.
        """
        try:
            subscription = await self.client.subscribe(subject, pending_msgs_limit=_PENDING_MESSAGES)
        except _TROUBLE as error:
            raise BusError(_words(error)) from error
        try:
            async for message in subscription.messages:
                yield Heard(message.subject, message.data, message.reply or None)
        finally:
            with suppress(*_TROUBLE):
                await subscription.unsubscribe()

    async def clock(self, stream: str) -> datetime:
        """The broker's clock, as told with the state of a stream. Raises BusError, also without the right to ask."""
        try:
            answer = await self.client.request(f"$JS.API.STREAM.INFO.{stream}", timeout=_CLOCK_SECONDS)
            return msgspec.json.decode(answer.data, type=_Told).ts
        except (*_TROUBLE, msgspec.MsgspecError) as error:
            raise BusError(_words(error)) from error

    async def consumer(self, stream: str, durable: str) -> Consumer:
        """Bind to a durable pull consumer that the controller created. Raises BusError."""
        try:
            return Consumer(await self._stream.pull_subscribe_bind(durable=durable, stream=stream))
        except _TROUBLE as error:
            raise BusError(_words(error)) from error


async def _connect(
    client: Client, url: str, name: str, on_connect: Callable[[], Awaitable[None]] | None, closed: asyncio.Event
) -> None:
    told = False

    async def connected() -> None:
        nonlocal told
        told = False
        log.info("nats_connected", server=_server(client))
        if on_connect:
            try:
                await on_connect()
            except BusError as error:
                log.warning("nats_on_connect_failed", error=str(error))

    async def disconnected() -> None:
        if not client.is_closed:
            log.warning("nats_disconnected")

    async def gone() -> None:
        closed.set()

    async def failed(error: Exception) -> None:
        nonlocal told
        if client.is_connected or not told:  # an attempt to connect fails each second; once tells it
            told = not client.is_connected
            log.warning("nats_error", error=_words(error))

    await client.connect(
        url.split(","),
        name=name,
        connect_timeout=_CONNECT_SECONDS,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=10,
        max_outstanding_pings=2,
        reconnected_cb=connected,
        disconnected_cb=disconnected,
        error_cb=failed,
        closed_cb=gone,
    )
    await connected()


def _server(client: Client) -> str | None:
    connected_url = client.connected_url
    return connected_url.netloc.rpartition("@")[2] if connected_url else None


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
