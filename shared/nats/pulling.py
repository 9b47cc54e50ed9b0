"""Fetches messages from a durable pull consumer by one inbox: those that are there, else the first one to come.

The client's own method makes a task and a timer per message, and may delay the first of a batch for the others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Self

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import Header
from nats.js.errors import APIError

_GRACE_SECONDS = 0.5
"""How much longer than requested to wait for a silent broker, so that messages of the last moment are not lost."""

_NOTHING_MORE = frozenset({"404", "408", "409"})  # no messages; the request has expired; the consumer is busy or moves


class Pull:
    """The requests of one client to one consumer, one at a time. Made by `Pull.open`."""

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._arrived: deque[Msg] = deque()
        self._is_empty = False
        self._requests = 0
        self._most = 0
        self._end: Msg | None = None
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, client: Client, stream: str, durable: str) -> Self:
        """Subscribe the inbox. Raises nats.errors.Error."""
        pull = cls(client, stream, durable)
        pull._subscription = await client.subscribe(f"{pull._inbox}.*", cb=pull._receive)
        return pull

    async def fetch(self, most: int, wait_seconds: float) -> list[Msg]:
        """At most `most` messages, as soon as there are some; [] after `wait_seconds`. Raises nats.errors.Error."""
        if not self._arrived and not self._is_empty:
            await self._request(most, wait_seconds, no_wait=True)
            self._is_empty = len(self._arrived) < most
        if not self._arrived:
            # Request only one: this fetch would not wait for others, and the next one would request them again.
            await self._request(1, wait_seconds, expires=int(wait_seconds * 1e9))
            self._is_empty = not self._arrived
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    async def close(self) -> None:
        """Return the messages that nobody fetched, and unsubscribe."""
        while self._arrived:
            await self._arrived.popleft().nak()
        if self._subscription is not None:
            await self._subscription.unsubscribe()

    async def _request(self, most: int, wait_seconds: float, **how: Any) -> None:
        """Request messages, and return when all have come or the broker says that no more will come."""
        loop = asyncio.get_running_loop()
        self._requests += 1
        self._most, self._end, self._waiter = most, None, loop.create_future()
        deadline = loop.call_later(wait_seconds + _GRACE_SECONDS, self._wake)
        try:
            request = msgspec.json.encode({"batch": most, **how})
            await self._client.publish(self._subject, request, reply=f"{self._inbox}.{self._requests}")
            await self._waiter
        finally:
            deadline.cancel()
            self._waiter = None
        if self._end is not None and _status(self._end) not in _NOTHING_MORE:
            raise APIError.from_msg(self._end)

    async def _receive(self, message: Msg) -> None:
        if message.reply:  # the subject for its acknowledgement: only messages of the stream have one
            self._arrived.append(message)
            if len(self._arrived) >= self._most:
                self._wake()
        elif message.subject == f"{self._inbox}.{self._requests}":  # not the end of an earlier request
            self._end = message
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _status(message: Msg) -> str | None:
    return (message.headers or {}).get(Header.STATUS)
