"""Follow EVENTS once for all streams of this controller: first what was told last, for those who resume, then on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import structlog

from controller.broker.replay import Stored, StreamState, follow, stream_state
from controller.streaming.frames import Place, life_of
from controller.streaming.hub import Room
from controller.streaming.stream_event import Told
from shared.nats.bus import Bus
from shared.wire import subjects

_TURN = 50

log = structlog.get_logger()


async def follow_events(bus: Bus, room: Room) -> None:
    """Tell the room every event until trouble with the broker; called again, it goes on behind the last one.

    Raises BusError.
    """
    await bus.wait_connected()
    state = await stream_state(bus, subjects.EVENTS)
    place = _begin(room, state)
    if place.sequence >= state.last:
        room.ready()  # nothing is behind it: who opens a stream need not wait for the first event
    async with aclosing(follow(bus, subjects.EVENTS, place.sequence, [subjects.ALL_EVENTS])) as batches:
        async for batch in batches:
            for number, stored in enumerate(batch):
                if number % _TURN == 0:
                    await asyncio.sleep(0)  # or a reader that could keep up would be told too much before its turn
                _tell(room, place.life, stored)
            if not batch or batch[-1].sequence >= state.last:
                room.ready()


def _begin(room: Room, state: StreamState) -> Place:
    """Where to go on. A ring that holds what was told last spares streams that resume a reading of their own."""
    life, before = life_of(state.created), room.place
    if before is None:
        room.begin(Place(life, max(state.first - 1, state.last - room.limits.ring_events)))
    elif before.life != life or before.sequence > state.last:
        room.begin(Place(life, state.first - 1))
    elif before.sequence < state.first - 1:
        room.skip(state.first)
    assert room.place is not None  # noqa: S101 - it has begun
    return room.place


def _tell(room: Room, life: str, stored: Stored) -> None:
    """What is no event of ours is passed over."""
    try:
        told = Told(Place(life, stored.sequence), stored.subject, stored.body)
    except ValueError as error:
        log.warning("event_unreadable", sequence=stored.sequence, error=str(error))
        return
    room.tell(told)
