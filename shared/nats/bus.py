"""NATS as Mailprobe uses it: connect, publish until acknowledged, fetch from a shared consumer.

It turns the client's errors into BusError, so that no caller depends on the client.
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
from nats.errors import NoRespondersError
from nats.js.api import Header

from shared.nats import jetstream
from shared.nats.broker import Broker, BrokerClient, check_url
from shared.nats.connection import connect_and_log
from shared.nats.deliveries import Consumer, CoreMessage
from shared.nats.errors import BROKER_ERRORS, BusError, describe
from shared.nats.publishing import Publisher
from shared.nats.pulling import Pull
from shared.nats.refusals import Refusals

log = structlog.get_logger()

PUBLISH_SECONDS = 5.0
_REOPEN_SECONDS = 1.0
_CANCEL_SECONDS = 0.1
_WINDOW = 256
_PENDING_MESSAGES = 10_000
_QUIET_SECONDS = 0.3


class _StreamTime(msgspec.Struct):
    """The part of a stream's information that is read: the broker's time."""

    ts: datetime


class Message(NamedTuple):
    """A message for a stream. The broker drops a second message with the same `message_id`. `ttl_seconds` is at least
    1. `headers` are sent beside the body.
    """

    subject: str
    body: bytes
    message_id: str
    ttl_seconds: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})


class Bus:
    """One connection to NATS, which reconnects for ever. Made by `Bus.open`."""

    def __init__(self, broker: Broker, name: str, on_connect: Callable[[], Awaitable[None]] | None) -> None:
        self._broker = broker
        self._name = name
        self._on_connect = on_connect
        self._refusals = Refusals()
        self._use(BrokerClient(self._refusals))

    def _use(self, client: BrokerClient) -> None:
        self.client = client
        self._publisher = Publisher(client)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, broker: Broker, *, name: str, on_connect: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[Self]:
        """Yield a bus at once, connected or not; it keeps trying in the background until the context ends.

        `on_connect` is awaited after each (re)connect. Raises BrokerUrlError.
        """
        check_url(broker.url)
        bus = cls(broker, name, on_connect)
        connecting = asyncio.create_task(bus._stay_connected(), name="nats-connect")
        try:
            yield bus
        finally:
            while not connecting.done():  # the client loses a cancellation that comes between two attempts
                connecting.cancel()
                await asyncio.wait([connecting], timeout=_CANCEL_SECONDS)
            with suppress(asyncio.CancelledError, *BROKER_ERRORS):
                connecting.result()
            with suppress(*BROKER_ERRORS, AssertionError):  # AssertionError: there was no first attempt yet
                async with asyncio.timeout(2):
                    await bus.client.close()
            bus.client.abort()  # a close that took too long leaves the socket open

    async def _stay_connected(self) -> None:
        """Replace a client that is closed for good. It reconnects by itself, but an error that the server sends on a
        live connection closes it. Then consumers and listeners get a BusError and begin again.
        """
        logged: set[str] = set()
        while True:
            closed = asyncio.Event()
            try:
                await connect_and_log(self.client, self._broker, self._name, self._on_connect, closed, logged)
                await closed.wait()
                log.error("nats_closed_by_server", error=self.last_error)
            except BROKER_ERRORS as error:
                if not logged:
                    logged.add("nats_connect_failed")
                    log.error("nats_connect_failed", error=describe(error))
            await asyncio.sleep(_REOPEN_SECONDS)
            self._use(BrokerClient(self._refusals))

    @property
    def replicas(self) -> int:
        """On how many servers each stream is kept."""
        return self._broker.replicas

    @property
    def connected(self) -> bool:
        return self.client.is_connected

    @property
    def last_error(self) -> str | None:
        """The client's last error in its words: the reason if there is no connection."""
        error = self.client.last_error
        return describe(error) if error else None

    async def wait_connected(self) -> None:
        while not self.connected:  # noqa: ASYNC110 - the client has only a flag for it
            await asyncio.sleep(0.01)

    async def refused(self) -> None:
        """Return when all servers that answer have refused this login for a minute: its keys were ended."""
        await self._refusals.for_good.wait()

    async def publish(self, message: Message) -> None:
        """Return when a stream has stored the message, or had stored it before. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        headers: dict[str, str] = {**message.headers, Header.MSG_ID: message.message_id}
        if message.ttl_seconds is not None:
            headers[Header.MSG_TTL] = str(message.ttl_seconds)
        try:
            await self._publisher.publish(message.subject, message.body, headers, PUBLISH_SECONDS)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error

    async def publish_all(self, messages: Sequence[Message]) -> list[BusError | None]:
        """Publish in windows; returns for each message None, or the error that prevented it."""
        outcomes: list[BusError | None] = []
        for start in range(0, len(messages), _WINDOW):
            window = [self.publish(message) for message in messages[start : start + _WINDOW]]
            for outcome in await asyncio.gather(*window, return_exceptions=True):
                if outcome is not None and not isinstance(outcome, BusError):
                    raise outcome
                outcomes.append(outcome)
        return outcomes

    async def send(self, subject: str, body: bytes) -> None:
        """Publish without a stream: clients that listen now get it. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            await self.client.publish(subject, body)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error

    async def request(self, subject: str, body: bytes, wait_seconds: float) -> bytes | None:
        """Send a request and return the first answer; None if there is none in time. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            answer = await self.client.request(subject, body, timeout=wait_seconds)
        except (TimeoutError, NoRespondersError):
            return None
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        return answer.data

    async def request_all(self, subject: str, body: bytes, wait_seconds: float) -> list[bytes]:
        """Send a request and return all answers, until none has come for a while. Raises BusError."""
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
                    if answer.header is None:  # a header instead of a body means that nobody listens
                        answers.append(answer.data)
                    else:
                        break
            except TimeoutError:
                pass
            finally:
                await subscription.unsubscribe()
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        return answers

    async def listen(self, subject: str) -> AsyncGenerator[CoreMessage]:
        """Yield every message sent to `subject` from now on, across reconnects; the oldest are dropped if the reader
        falls 10,000 behind. Raises BusError if there is no connection yet.
        """
        try:
            subscription = await self.client.subscribe(subject, pending_msgs_limit=_PENDING_MESSAGES)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        try:
            async for message in subscription.messages:
                yield CoreMessage(message.subject, message.data, message.reply or None)
        finally:
            with suppress(*BROKER_ERRORS):
                await subscription.unsubscribe()

    async def clock(self, stream: str) -> datetime:
        """The broker's time, from the information about a stream. Raises BusError, also without the permission."""
        return (await jetstream.request(self.client, f"STREAM.INFO.{stream}", _StreamTime)).ts

    async def consumer(self, stream: str, durable: str) -> Consumer:
        """Bind to a durable pull consumer that the controller created. Raises BusError."""
        try:
            return Consumer(await Pull.open(self.client, stream, durable))
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
