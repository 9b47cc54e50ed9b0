"""Publishes into streams. One inbox receives the broker's acknowledgements, which a number assigns to the messages.

The client's own method costs twice as much: a random name, a second future and a parsed answer for each message.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import Header
from nats.js.errors import APIError, NoStreamResponseError


class _Answer(msgspec.Struct):
    """The part of the broker's answer that is read."""

    error: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Publisher:
    """The messages of one client on their way into streams."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = ""
        self._published = 0
        self._unanswered: dict[str, asyncio.Future[Msg]] = {}

    async def publish(self, subject: str, body: bytes, headers: dict[str, str], wait_seconds: float) -> None:
        """Return when a stream has stored the message, or had stored it before. Raises nats.errors.Error."""
        if not self._inbox:
            await self._listen()
        self._published += 1
        number = str(self._published)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Msg] = loop.create_future()
        self._unanswered[number] = answer
        deadline = loop.call_later(wait_seconds, _give_up, answer)
        try:
            await self._client.publish(subject, body, reply=f"{self._inbox}.{number}", headers=headers)
            _read(await answer)
        finally:
            deadline.cancel()
            del self._unanswered[number]

    async def _listen(self) -> None:
        self._inbox = self._client.new_inbox()
        try:
            await self._client.subscribe(f"{self._inbox}.*", cb=self._receive)
        except BaseException:
            self._inbox = ""
            raise

    async def _receive(self, message: Msg) -> None:
        answer = self._unanswered.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)


def _give_up(answer: asyncio.Future[Msg]) -> None:
    if not answer.done():
        answer.set_exception(NatsTimeoutError())


def _read(message: Msg) -> None:
    if message.headers and Header.STATUS in message.headers:  # 503: no stream has this subject
        raise NoStreamResponseError
    if (error := _decoder.decode(message.data).error) is not None:
        raise APIError.from_error(error)
