"""Publish the events that were decided in transactions; each is removed once the broker has it."""

from __future__ import annotations

from controller.store.events import Outgoing, remove, untold
from controller.store.pool import Database
from shared.bus import Bus, BusError, Message

TELL_SECONDS = 0.2
_AT_ONCE = 200


async def tell_events(db: Database, bus: Bus) -> None:
    """All that wait, oldest first. Raises BusError, StoreUnavailableError."""
    while await _tell_some(db, bus):
        pass


async def _tell_some(db: Database, bus: Bus) -> bool:
    """Whether there may be more. One after the other, so that those of a monitor are read in order."""
    told: list[Outgoing] = []
    refusal: BusError | None = None
    async with untold(db, _AT_ONCE) as (connection, events):
        for event in events:
            try:
                await bus.publish(Message(event.subject, event.body, str(event.message_id)))
            except BusError as error:
                refusal = error
                break
            told.append(event)
        await remove(connection, told)
    if refusal is not None:
        raise refusal
    return len(events) == _AT_ONCE
