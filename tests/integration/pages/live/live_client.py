"""Browsers that follow pages of a controller on a real port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from controller.streaming.subscription import Bounds
from shared.nats.bus import Bus
from tests.integration.api.conftest import Api
from tests.integration.api.stream.stream_client import Block, Listener, StreamClient, open_streams

PACE = 0.05
_SECONDS = 5.0
LIVE = "/live"


class Follower:
    """One open stream of pages."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    async def view(self) -> dict[str, Any]:
        """The next message about a page. Raises TimeoutError after five seconds."""
        async with asyncio.timeout(_SECONDS):
            return await self._view()

    async def _view(self) -> dict[str, Any]:
        while (block := await self.listener.event()).event != "view":
            assert block.event == "beat", block
        return block.json

    async def beats(self, count: int) -> list[Block]:
        """So many beats. No message about a page comes between them."""
        found = [await self.listener.event() for _ in range(count)]
        assert {block.event for block in found} == {"beat"}, found
        return found

    async def settled(self) -> None:
        """Wait for a beat behind which nothing of before is on its way."""
        while (await self.listener.event()).event != "beat":
            pass

    async def end(self) -> str:
        """The reason of the end."""
        reason: str = (await self.listener.rest())[-1].json["reason"]
        return reason


@asynccontextmanager
async def live_pages(api: Api, bus: Bus, *, pace: float = PACE) -> AsyncIterator[StreamClient]:
    async with open_streams(api, bus, bounds=Bounds(comment_seconds=0.1, pace_seconds=pace)) as streams:
        yield streams


@asynccontextmanager
async def following(
    streams: StreamClient,
    *views: str,
    since: str | None = "now",
    headers: Mapping[str, str] | None = None,
    last: str | None = None,
) -> AsyncIterator[Follower]:
    """Follow these pages, which are true of the present unless `since` says another position."""
    position = str(streams.hub.position) if since == "now" else since
    query: dict[str, Sequence[str]] = {"view": views} | ({"since": [position]} if position else {})
    async with streams.listen(LIVE, query, headers=headers, last=last) as listener:  # type: ignore[arg-type]
        yield Follower(listener)
