"""Reads EVENTS once for all streams of this controller: first the latest events, for clients that resume, then on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from controller.broker.replay import StreamState, follow, stream_state
from controller.streaming.frames import StreamPosition, epoch_of
from controller.streaming.hub import StreamHub
from controller.streaming.stream_event import event_of
from shared.nats.bus import Bus
from shared.wire import subjects

_YIELD_EVERY = 50


async def follow_events(bus: Bus, hub: StreamHub) -> None:
    """Pass every event to the hub until the broker fails; called again, it goes on behind the last event.

    Raises BusError.
    """
    await bus.require_connected()
    state = await stream_state(bus, subjects.EVENTS)
    position = _begin(hub, state)
    if position.sequence >= state.last:
        hub.ready()  # EVENTS has nothing newer, so new streams need not wait for the first event
    async with aclosing(follow(bus, subjects.EVENTS, position.sequence, [subjects.EVERY_EVENT])) as batches:
        async for batch in batches:
            for number, stored in enumerate(batch):
                if number % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)  # else the queue of a client that reads fast enough could overflow
                if (event := event_of(position.epoch, stored)) is not None:
                    hub.deliver(event)
            hub.report_holes()
            if not batch or batch[-1].sequence >= state.last:
                hub.ready()


def _begin(hub: StreamHub, state: StreamState) -> StreamPosition:
    """The position to read from. At first it lies back, so that the ring serves most clients that resume."""
    epoch, before = epoch_of(state.created), hub.position
    if before is None:
        hub.begin(StreamPosition(epoch, max(state.first - 1, state.last - hub.limits.ring_events)))
    elif before.epoch != epoch or before.sequence > state.last:
        hub.begin(StreamPosition(epoch, state.first - 1))
    elif before.sequence < state.first - 1:
        hub.skip(state.first)
    assert hub.position is not None  # noqa: S101 - set by begin
    return hub.position
