"""All feeds of this controller, and the stream of one browser that has pages open."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import TypeAlias

from controller.http.services import Services
from controller.pages.live.feed import Feed
from controller.pages.live.views import Context
from controller.streaming.frames import RETRY_MS, StreamPosition, end_frame, retry_frame
from controller.streaming.subscription import Subscription

_QUIET_SECONDS = 60.0

Scope: TypeAlias = tuple[object, ...]


class LivePages:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feeds: dict[Scope, Feed] = {}

    def attach(self, stream: Subscription, addresses: Sequence[str], since: StreamPosition | None) -> Feed:
        """Send what happens to these pages to a stream, which the caller must detach."""
        scope, principal = scope_of(stream), stream.holder.principal
        feed = self._feeds.get(scope)
        if feed is None:
            context = Context(self._services, principal, self._services.public_url.path)
            feed = self._feeds[scope] = Feed(context, stream.event_filter)
        feed.attach(stream, addresses, since)
        return feed

    async def detach(self, stream: Subscription) -> None:
        scope = scope_of(stream)
        feed = self._feeds[scope]
        if feed.is_last(stream):
            del self._feeds[scope]  # before anything is awaited: who comes now gets another feed
        await feed.detach(stream)


def scope_of(stream: Subscription) -> Scope:
    """Who has the same scope sees the same pages: the same things, with the same buttons."""
    principal = stream.holder.principal
    person = principal.account_id is not None
    return (principal.works_in, principal.role, principal.customer_ids, person, stream.event_filter)


class PageStream:
    """What one browser receives. `since` is the position that its pages are true of; None when it is not known."""

    def __init__(
        self, pages: LivePages, stream: Subscription, addresses: Sequence[str], since: StreamPosition | None
    ) -> None:
        self._pages = pages
        self._stream = stream
        self._addresses = addresses
        self._since = since

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The bytes to write, in chunks of whole frames, until the stream is over."""
        yield retry_frame(secrets.choice(RETRY_MS))
        if not self._stream.over:
            self._pages.attach(self._stream, self._addresses, self._since)
            try:
                while not self._stream.over:
                    await self._stream.wait(_QUIET_SECONDS)
                    if chunk := self._stream.take():
                        yield chunk
            finally:
                await self._pages.detach(self._stream)
        if self._stream.ended is not None:
            yield end_frame(self._stream.ended)
