"""Publish the events that were decided in transactions; each is removed once the broker has it."""

from __future__ import annotations

import msgspec

from controller.metrics.counts import Counts
from controller.store.incidents.events import Outgoing, remove, untold
from controller.store.platform.pool import Database
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire.messages import EventType

TELL_SECONDS = 0.2
_AT_ONCE = 200


async def tell_events(db: Database, bus: Bus, counts: Counts | None = None) -> None:
    """All that wait, oldest first. Raises BusError, StoreUnavailableError."""
    while await _tell_some(db, bus, counts or Counts()):
        pass


class _Turn(msgspec.Struct):
    """What is counted of an event: a verdict has `verdict` and `previous`, an incident `change` and `severity`."""

    type: EventType
    verdict: str = ""
    previous: str = ""
    change: str = ""
    severity: str = ""


async def _tell_some(db: Database, bus: Bus, counts: Counts) -> bool:
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
    for event in told:
        _count(event, counts)
    if refusal is not None:
        raise refusal
    return len(events) == _AT_ONCE


def _count(event: Outgoing, counts: Counts) -> None:
    turn = msgspec.json.decode(event.body, type=_Turn)
    if turn.type is EventType.VERDICT:
        counts.verdicts.add((turn.previous, turn.verdict))
    elif turn.type is EventType.INCIDENT:
        counts.incidents.add((turn.change, turn.severity))
