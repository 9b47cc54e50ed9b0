"""Messages as they are taken from the broker: from a consumer, to be answered for, or as somebody sent them."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from nats.aio.msg import Msg

from shared.nats.cancelling import heed_cancellation
from shared.nats.errors import TROUBLE, BusError, words
from shared.nats.pulling import Pull


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

    def header(self, name: str) -> str | None:
        return (self._message.headers or {}).get(name)

    @property
    def number(self) -> int:
        """Its place in the stream: that of a redelivery is the same, that of a copy is not."""
        return self._message.metadata.sequence.stream

    @property
    def redelivered(self) -> bool:
        return self._message.metadata.num_delivered > 1

    async def ack(self) -> None:
        """Done; do not deliver again."""
        with suppress(*TROUBLE):
            await self._message.ack()

    async def nak(self, delay_seconds: float = 0.0) -> None:
        """Not done; deliver to somebody else, at once or after so long."""
        with suppress(*TROUBLE):
            await self._message.nak(delay_seconds)

    async def term(self) -> None:
        """Never deliver again, although it was not done."""
        with suppress(*TROUBLE):
            await self._message.term()

    async def working(self) -> None:
        """Still at it; start the time for an answer anew."""
        with suppress(*TROUBLE):
            await self._message.in_progress()


class Heard(NamedTuple):
    """A message without a stream, and the subject on which its sender waits for an answer, if it does."""

    subject: str
    body: bytes
    reply_to: str | None


class Consumer:
    """This process's share of a durable pull consumer."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull

    async def fetch(self, most: int, wait_seconds: float) -> list[Delivery]:
        """At most `most` messages, as soon as there are some; none after `wait_seconds`. Raises BusError."""
        try:
            messages = await self._pull.fetch(most, wait_seconds)
        except TROUBLE as error:
            raise BusError(words(error)) from error
        heed_cancellation()  # what was fetched comes again
        return [Delivery(message) for message in messages]

    async def close(self) -> None:
        with suppress(*TROUBLE):
            await self._pull.close()
