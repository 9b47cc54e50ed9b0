"""Messages from the broker: deliveries of a consumer, which must be acknowledged, and messages without a stream."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from nats.aio.msg import Msg

from shared.nats.errors import BROKER_ERRORS, BusError, describe
from shared.nats.lost_cancellation import raise_lost_cancellation
from shared.nats.pulling import Pull


class Delivery:
    """A message from a stream: its body, and the ways to acknowledge it.

    If an acknowledgement does not reach the broker, it redelivers the message; every consumer here handles that.
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

    def header(self, name: str) -> str | None:
        return (self._message.headers or {}).get(name)

    @property
    def number(self) -> int:
        """The message's sequence number in the stream. A redelivery has the same number, a copy has another one."""
        return self._message.metadata.sequence.stream

    @property
    def redelivered(self) -> bool:
        return self._message.metadata.num_delivered > 1

    async def ack(self) -> None:
        """Done; do not deliver again."""
        with suppress(*BROKER_ERRORS):
            await self._message.ack()

    async def nak(self, delay_seconds: float = 0.0) -> None:
        """Not done; deliver it again, to any client of the consumer, at once or after the delay."""
        with suppress(*BROKER_ERRORS):
            await self._message.nak(delay_seconds)

    async def term(self) -> None:
        """Never deliver again, although it was not done."""
        with suppress(*BROKER_ERRORS):
            await self._message.term()

    async def working(self) -> None:
        """Still in progress; restart the time for the acknowledgement."""
        with suppress(*BROKER_ERRORS):
            await self._message.in_progress()


class CoreMessage(NamedTuple):
    """A message without a stream, the subject on which its sender waits for an answer, if any, and its headers."""

    subject: str
    body: bytes
    reply_to: str | None
    headers: Mapping[str, str] = MappingProxyType({})


class Consumer:
    """This process's share of a durable pull consumer."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull

    async def fetch(self, most: int, wait_seconds: float) -> list[Delivery]:
        """At most `most` messages, as soon as there are some; an empty list after `wait_seconds`. Raises BusError."""
        try:
            messages = await self._pull.fetch(most, wait_seconds)
        except BROKER_ERRORS as error:
            raise BusError(describe(error)) from error
        raise_lost_cancellation()  # the broker redelivers what was fetched
        return [Delivery(message) for message in messages]

    async def close(self) -> None:
        with suppress(*BROKER_ERRORS):
            await self._pull.close()
