"""NATS, as Mailprobe uses it: connect, publish until acknowledged, fetch from a shared consumer.

With its neighbours here the only place that imports `nats`. Its errors leave as BusError: no caller knows the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Self

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js.api import Header

from shared.nats import jetstream
from shared.nats.broker import Broker, BrokerClient, check_url
from shared.nats.connection import connect_and_tell
from shared.nats.deliveries import Consumer, Heard
from shared.nats.errors import TROUBLE, BusError, words
from shared.nats.publishing import Publisher
from shared.nats.pulling import Pull

log = structlog.get_logger()

PUBLISH_SECONDS = 5.0
_REOPEN_SECONDS = 1.0
_CANCEL_SECONDS = 0.1
_WINDOW = 256
_PENDING_MESSAGES = 10_000
_QUIET_SECONDS = 0.3


class _Told(msgspec.Struct):
    """What is read of the answer about a stream."""

    ts: datetime


class Message(NamedTuple):
    """A message for a stream. `message_id` makes a repeat harmless; `ttl_seconds` is whole and at least 1. `headers`
    travel beside the body.
    """

    subject: str
    body: bytes
    message_id: str
    ttl_seconds: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})


class Bus:
    """One connection to NATS that comes back for ever. Made by `Bus.open`."""

    def __init__(self, broker: Broker, name: str, on_connect: Callable[[], Awaitable[None]] | None) -> None:
        self._broker = broker
        self._name = name
        self._on_connect = on_connect
        self._use(BrokerClient())

    def _use(self, client: Client) -> None:
        self.client = client
        self._publisher = Publisher(client)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, broker: Broker, *, name: str, on_connect: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[Self]:
        """Yield a bus at once, connected or not; it goes on trying in the background until the context ends.

        `on_connect` is awaited after each (re)connect. Raises BrokerUrlError.
        """
        check_url(broker.url)
        bus = cls(broker, name, on_connect)
        connecting = asyncio.create_task(bus._stay_connected(), name="nats-connect")
        try:
            yield bus
        finally:
            while not connecting.done():  # the client swallows a cancellation that meets it between two attempts
                connecting.cancel()
                await asyncio.wait([connecting], timeout=_CANCEL_SECONDS)
            with suppress(asyncio.CancelledError, *TROUBLE):
                connecting.result()
            with suppress(*TROUBLE, AssertionError):  # the latter: it never came to a first attempt
                async with asyncio.timeout(2):
                    await bus.client.close()

    async def _stay_connected(self) -> None:
        """The client reconnects by itself, but an error that the server sends on a live connection closes it for good:
        then a new one takes its place, and consumers and listeners hear a BusError and begin anew.
        """
        while True:
            closed = asyncio.Event()
            try:
                await connect_and_tell(self.client, self._broker, self._name, self._on_connect, closed)
                await closed.wait()
                log.error("nats_closed_by_server", error=self.trouble)
            except TROUBLE as error:
                log.error("nats_connect_failed", error=words(error))
            await asyncio.sleep(_REOPEN_SECONDS)
            self._use(BrokerClient())

    @property
    def replicas(self) -> int:
        """On how many servers each stream is kept."""
        return self._broker.replicas

    @property
    def connected(self) -> bool:
        return self.client.is_connected

    @property
    def trouble(self) -> str | None:
        """What the client met last, in its words: why there is no connection, if there is none."""
        error = self.client.last_error
        return words(error) if error else None

    async def wait_connected(self) -> None:
        while not self.connected:  # noqa: ASYNC110 - the client tells it by a flag only
            await asyncio.sleep(0.01)

    async def publish(self, message: Message) -> None:
        """Return when a stream has stored the message, or had it already. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        headers: dict[str, str] = {**message.headers, Header.MSG_ID: message.message_id}
        if message.ttl_seconds is not None:
            headers[Header.MSG_TTL] = str(message.ttl_seconds)
        try:
            await self._publisher.publish(message.subject, message.body, headers, PUBLISH_SECONDS)
        except TROUBLE as error:
            raise BusError(words(error)) from error

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
        except TROUBLE as error:
            raise BusError(words(error)) from error

    async def ask(self, subject: str, body: bytes, wait_seconds: float) -> bytes | None:
        """As `send`, and the first answer to it; None when nobody answers in time. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            answer = await self.client.request(subject, body, timeout=wait_seconds)
        except (TimeoutError, NoRespondersError):
            return None
        except TROUBLE as error:
            raise BusError(words(error)) from error
        return answer.data

    async def ask_all(self, subject: str, body: bytes, wait_seconds: float) -> list[bytes]:
        """As `ask`, and the answers of all who give one; none came for a while after the last. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        answers: list[bytes] = []
        inbox = self.client.new_inbox()
        try:
            subscription = await self.client.subscribe(inbox)
            try:
                await self.client.publish(subject, body, reply=inbox)
                while True:
                    answer = await subscription.next_msg(_QUIET_SECONDS if answers else wait_seconds)
                    if answer.header is None:  # nobody listens: that has a header instead of a body
                        answers.append(answer.data)
                    else:
                        break
            except TimeoutError:
                pass
            finally:
                await subscription.unsubscribe()
        except TROUBLE as error:
            raise BusError(words(error)) from error
        return answers

    async def listen(self, subject: str) -> AsyncGenerator[Heard]:
        """Every message sent to `subject` from now on, over reconnects; the oldest are dropped when the reader falls
        10,000 behind. Raises BusError when the connection is not there yet.
        """
        try:
            subscription = await self.client.subscribe(subject, pending_msgs_limit=_PENDING_MESSAGES)
        except TROUBLE as error:
            raise BusError(words(error)) from error
        try:
            async for message in subscription.messages:
                yield Heard(message.subject, message.data, message.reply or None)
        finally:
            with suppress(*TROUBLE):
                await subscription.unsubscribe()

    async def clock(self, stream: str) -> datetime:
        """The broker's clock, as told with the state of a stream. Raises BusError, also without the right to ask."""
        return (await jetstream.ask(self.client, f"STREAM.INFO.{stream}", _Told)).ts

    async def consumer(self, stream: str, durable: str) -> Consumer:
        """Bind to a durable pull consumer that the controller created. Raises BusError."""
        try:
            return Consumer(await Pull.open(self.client, stream, durable))
        except TROUBLE as error:
            raise BusError(words(error)) from error
