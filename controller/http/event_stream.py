"""Writes a stream to its client. Every write has a deadline, and a client that disconnects is noticed at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol, cast

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from controller.http.connection import ABORT
from controller.http.problems import Answer, from_dependency
from controller.store.platform.pool import StoreUnavailableError
from controller.streaming.frames import RETRY_MS, EndReason, end_frame, retry_frame
from controller.streaming.hub import StreamHub
from controller.streaming.subscription import Subscription

EVENT_STREAM = "text/event-stream"

UNCOMPRESSED = "uncompressed"
"""A route with this opt is never compressed: events would wait in the compressor."""

_LEAVE_SECONDS = 1.0
_HEADERS = [
    (b"content-type", EVENT_STREAM.encode()),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back otherwise
    (b"connection", b"close"),  # nothing is worth waiting for after the end
]


class Chunks(Protocol):
    """What a stream sends."""

    def chunks(self) -> AsyncGenerator[bytes]:
        """The bytes to write, in chunks of whole frames, until the subscription is over."""


class EventStream(Response[bytes]):
    """The answer of a route that streams. The subscription is closed when the stream ends, for whatever reason."""

    def __init__(self, hub: StreamHub, subscription: Subscription, stream: Chunks) -> None:
        super().__init__(b"", media_type=EVENT_STREAM)
        self._answer = _Answer(hub, subscription, stream)

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return cast("ASGIResponse", self._answer)  # Litestar only calls it


def away(request: Request[Any, Any, Any], error: StoreUnavailableError) -> Answer | Response[bytes]:
    """The answer when a stream cannot be opened: a stream that ends at once. EventSource connects again after the end
    of a stream, but gives up for good at any status other than 200.
    """
    refused = from_dependency(request, error)
    if EVENT_STREAM not in request.headers.get("accept", ""):
        return refused
    ended = retry_frame(secrets.choice(RETRY_MS)) + end_frame(EndReason.UNAVAILABLE)
    return Response(ended, media_type=EVENT_STREAM, headers={"cache-control": "no-cache"})


class _Answer:
    def __init__(self, hub: StreamHub, subscription: Subscription, stream: Chunks) -> None:
        self._hub = hub
        self._subscription = subscription
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(_leave(receive, self._subscription), name="live-client")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            async with aclosing(self._stream.chunks()) as chunks:
                async for chunk in chunks:
                    await self._write(send, chunk)
            await self._write(send, b"", more=False)
        except TimeoutError:
            self._subscription.end(EndReason.SLOW_READER)
            _abort(scope)
            await asyncio.wait([leaving], timeout=_LEAVE_SECONDS)
        finally:
            self._hub.close(self._subscription)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

    async def _write(self, send: Send, chunk: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the client does not read what it was sent."""
        async with self._subscription.writing():
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _leave(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.leave()


def _abort(scope: Scope) -> None:
    extensions: dict[str, Any] = scope.get("extensions") or {}
    if ABORT in extensions:
        extensions[ABORT]["abort"]()
