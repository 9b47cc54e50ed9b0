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
from nats.js.errors import APIError

from shared.nats import jetstream
from shared.nats.broker import Broker, check_url
from shared.nats.client import BrokerClient
from shared.nats.connection import connect_and_log
from shared.nats.deliveries import Consumer, CoreMessage
from shared.nats.errors import BROKER_ERRORS, BrokerRefusedError, BusError, describe, not_published
from shared.nats.lost_cancellation import cancellable
from shared.nats.publishing import Publisher
from shared.nats.pulling import Pull
from shared.nats.refusals import Refusals

log = structlog.get_logger()

PUBLISH_SECONDS = 5.0
_REOPEN_SECONDS = 1.0
_CANCEL_SECONDS = 0.1
_CONNECTED_SECONDS = 5.0
_WINDOW = 256
_PENDING_MESSAGES = 10_000
_QUIET_SECONDS = 0.3
_QUESTION_SECONDS = 2.0
_NEVER = "no message has this id"
_WRONG_LAST_ID = 10070  # the code of nats-server for a condition on the last id that does not hold


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

    async def require_connected(self) -> None:
        """Wait a while for a connection. Raises BusError when there is none in time."""
        try:
            async with asyncio.timeout(_CONNECTED_SECONDS):
                await self.wait_connected()
        except TimeoutError:
            raise BusError("not connected to NATS") from None

    async def refused(self) -> None:
        """Return when all servers that answer have refused this login for a minute: its keys were ended."""
        await self._refusals.for_good.wait()

    async def publish(self, message: Message, *, wait_seconds: float = PUBLISH_SECONDS) -> None:
        """Return when a stream has stored the message, or had stored it before. Raises BusError: BrokerRefusedError if
        it is certain that no stream has the message.
        """
        await self._publish(message, _headers(message), wait_seconds)

    async def _publish(self, message: Message, headers: dict[str, str], wait_seconds: float) -> None:
        if not self.connected:
            raise BrokerRefusedError("not connected to NATS")
        try:
            await self._publisher.publish(message.subject, message.body, headers, wait_seconds)
        except BROKER_ERRORS as error:
            raise not_published(error) from error

    async def publish_all(self, messages: Sequence[Message]) -> list[BusError | None]:
        """Publish in windows; returns for each message None, or the error that prevented it. When the broker answers
        for no message of a window, those after it are not sent.
        """
        outcomes: list[BusError | None] = []
        for start in range(0, len(messages), _WINDOW):
            found = await self._publish_window(messages[start : start + _WINDOW])
            outcomes += found
            if all(each is not None and not isinstance(each, BrokerRefusedError) for each in found):
                break
        left = len(messages) - len(outcomes)
        return [*outcomes, *(BrokerRefusedError("not sent, because the broker did not answer") for _ in range(left))]

    async def _publish_window(self, messages: Sequence[Message]) -> list[BusError | None]:
        if not self.connected:
            return [BrokerRefusedError("not connected to NATS") for _ in messages]
        window = [(message.subject, message.body, _headers(message)) for message in messages]
        errors = await self._publisher.publish_together(window, PUBLISH_SECONDS)
        return [None if error is None else not_published(error) for error in errors]

    async def taken(self, messages: Sequence[Message]) -> list[bool | None]:
        """Whether a stream has, or had within its duplicate window, a message with the id of each of these; None where
        that is not known. Nothing is stored by this. When the broker answers for none of a window, those after it are
        not known either.
        """
        answers: list[bool | None] = []
        for start in range(0, len(messages), _WINDOW):
            found = await asyncio.gather(*(self._has_taken(each) for each in messages[start : start + _WINDOW]))
            answers += found
            if all(answer is None for answer in found):
                break
        return answers + [None] * (len(messages) - len(answers))

    async def _has_taken(self, message: Message) -> bool | None:
        """Publishes under a condition that never holds. The broker recognizes a duplicate before it reads the
        condition.
        """
        headers: dict[str, str] = {Header.MSG_ID: message.message_id, Header.EXPECTED_LAST_MSG_ID: _NEVER}
        try:
            await self._publish(message._replace(body=b""), headers, _QUESTION_SECONDS)
        except BusError as error:
            cause = error.__cause__
            return False if isinstance(cause, APIError) and cause.err_code == _WRONG_LAST_ID else None
        return True

    async def send(self, subject: str, body: bytes) -> None:
        """Publish without a stream: clients that listen now get it. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            await self.client.publish(subject, body)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error

    async def request(
        self, subject: str, body: bytes, wait_seconds: float, headers: Mapping[str, str] | None = None
    ) -> bytes | None:
        """Send a request and return the first answer; None if there is none in time. Raises BusError."""
        if not self.connected:
            raise BusError("not connected to NATS")
        try:
            answer = await self.client.request(subject, body, timeout=wait_seconds, headers=dict(headers or {}) or None)
        except (TimeoutError, NoRespondersError):
            return None
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        return answer.data

    async def request_all(self, subject: str, body: bytes, wait_seconds: float) -> list[bytes]:
        """Send a request and return all answers, until none has come for a while. Raises BusError."""
        [answers] = await self.request_each([(subject, body)], wait_seconds)
        return answers

    async def request_each(self, requests: Sequence[tuple[str, bytes]], wait_seconds: float) -> list[list[bytes]]:
        """Send requests (subject, body) together, and return all answers to each, until none has come for a while.

        Raises BusError.
        """
        if not self.connected:
            raise BusError("not connected to NATS")
        answers: list[list[bytes]] = [[] for _ in requests]
        inbox, unheard = self.client.new_inbox(), set(range(len(requests)))
        try:
            subscription = await self.client.subscribe(f"{inbox}.*")
            try:
                for number, (subject, body) in enumerate(requests):
                    await self.client.publish(subject, body, reply=f"{inbox}.{number}")
                while True:
                    answer = await cancellable(subscription.next_msg(wait_seconds if unheard else _QUIET_SECONDS))
                    number = int(answer.subject.rpartition(".")[2])
                    unheard.discard(number)
                    if answer.header is None:
                        answers[number].append(answer.data)
                    elif not any(answers) and not unheard:  # a header instead of a body means that nobody listens
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
                yield CoreMessage(message.subject, message.data, message.reply or None, message.headers or {})
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


def _headers(message: Message) -> dict[str, str]:
    headers: dict[str, str] = {**message.headers, Header.MSG_ID: message.message_id}
    if message.ttl_seconds is not None:
        headers[Header.MSG_TTL] = str(message.ttl_seconds)
    return headers
