"""Follows EVENTS from now on and resumes at its position after every failure of the broker."""

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
    """Endless batches of new messages; an empty batch about every second without messages.

    After a failure of the broker it goes on behind the last message, and logs what the stream has dropped meanwhile.
    """
    before: StreamState | None = None
    position = 0
    logged = False
    while True:
        try:
            await bus.wait_connected()
            state = await stream_state(bus, stream)
            position = _resume(before, state, position)
            before = state
            async with aclosing(follow(bus, stream, position, subjects)) as batches:
                async for batch in batches:
                    logged = False
                    if batch:
                        position = batch[-1].sequence
                    yield batch
        except BusError as error:
            if not logged:
                logged = True
                log.warning("watch_interrupted", error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)


def _resume(before: StreamState | None, now: StreamState, position: int) -> int:
    """The sequence to go on behind: at first the last one, later our own, or the oldest that the stream still has."""
    if before is None:
        log.info("watch_started", sequence=now.last)
        return now.last
    if now.created != before.created or position > now.last:
        log.warning("events_lost", reason="the stream was recreated")
        return now.first - 1
    if position < now.first - 1:
        log.warning("events_lost", reason="the stream no longer has these events", missed=now.first - 1 - position)
        return now.first - 1
    return position
