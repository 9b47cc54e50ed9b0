"""Follow EVENTS from now on, over every trouble with the broker, without losing the place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from controller.broker.replay import Stored, StreamState, follow, stream_state
from shared.nats.bus import Bus
from shared.nats.errors import BusError

log = structlog.get_logger()

_PAUSE_SECONDS = 0.5


async def events_from_now(bus: Bus, stream: str, subjects: Sequence[str]) -> AsyncGenerator[list[Stored]]:
    """Batches of new messages, for ever; an empty one about each second in which none came.

    After a trouble it goes on behind the last message. What the stream has dropped meanwhile is told in the log.
    """
    before: StreamState | None = None
    place = 0
    told = False
    while True:
        try:
            await bus.wait_connected()
            state = await stream_state(bus, stream)
            place = _resume(before, state, place)
            before = state
            async with aclosing(follow(bus, stream, place, subjects)) as batches:
                async for batch in batches:
                    told = False
                    if batch:
                        place = batch[-1].sequence
                    yield batch
        except BusError as error:
            if not told:
                told = True
                log.warning("watch_interrupted", error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)


def _resume(before: StreamState | None, now: StreamState, place: int) -> int:
    """Behind which sequence to go on: at first the last there is, then where we were as far as the stream allows."""
    if before is None:
        log.info("watching", sequence=now.last)
        return now.last
    if now.created != before.created or place > now.last:
        log.warning("events_lost", reason="the stream was made anew")
        return now.first - 1
    if place < now.first - 1:
        log.warning("events_lost", reason="the stream does not reach back so far", missed=now.first - 1 - place)
        return now.first - 1
    return place
