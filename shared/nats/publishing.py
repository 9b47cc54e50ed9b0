"""Publishes into streams. One inbox receives the broker's acknowledgements, which a number assigns to the messages.

The client's own method costs twice as much: a random name, a second future and a parsed answer for each message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import Header
from nats.js.errors import APIError, NoStreamResponseError

from shared.nats.errors import BROKER_ERRORS


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
        [error] = await self.publish_together([(subject, body, headers)], wait_seconds)
        if error is not None:
            raise error

    async def publish_together(
        self, messages: Sequence[tuple[str, bytes, dict[str, str]]], wait_seconds: float
    ) -> list[Exception | None]:
        """Publish messages (subject, body, headers) without waiting for each answer before the next one. Returns None,
        or one of BROKER_ERRORS, for each, when all are answered or the time is over. The client, too, may wait before
        it takes a message: when it has much that the broker did not read yet.
        """
        loop = asyncio.get_running_loop()
        first = self._published + 1
        self._published += len(messages)
        answers: dict[str, asyncio.Future[Msg]]
        answers = {str(number): loop.create_future() for number in range(first, first + len(messages))}
        self._unanswered.update(answers)
        errors: dict[str, Exception] = {}
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._listen()
                    await self._send(messages, answers, errors)
                    await asyncio.wait(answers.values())
            return [errors.get(number) or _error_in(answer) for number, answer in answers.items()]
        except BROKER_ERRORS as error:  # there is no inbox
            return [error for _ in messages]
        finally:
            for number in answers:
                del self._unanswered[number]

    async def _send(
        self,
        messages: Sequence[tuple[str, bytes, dict[str, str]]],
        answers: Mapping[str, asyncio.Future[Msg]],
        errors: dict[str, Exception],
    ) -> None:
        """Hand the messages to the client; note what it raises, and cancel the answer that will not come."""
        for (subject, body, headers), (number, answer) in zip(messages, answers.items(), strict=True):
            try:
                await self._client.publish(subject, body, reply=f"{self._inbox}.{number}", headers=headers)
            except BROKER_ERRORS as error:
                errors[number] = error
                answer.cancel()

    async def _listen(self) -> None:
        if self._inbox:
            return
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


def _error_in(answer: asyncio.Future[Msg]) -> Exception | None:
    """The error that prevented a message; None if a stream has it."""
    if not answer.done():
        return NatsTimeoutError()
    message = answer.result()
    if message.headers and Header.STATUS in message.headers:  # 503: no stream has this subject
        return NoStreamResponseError()
    found = _decoder.decode(message.data).error
    try:
        return None if found is None else APIError.from_error(found)
    except APIError as api_error:  # it raises those that have a class of their own
        return api_error
