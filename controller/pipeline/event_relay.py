"""Publish the events that transactions left in the outbox. Each is removed when the broker has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from controller.metrics.counts import Counts
from controller.store.events.outbox import Outgoing, remove, unpublished_events
from controller.store.platform.pool import Database
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.messages import EventType

RELAY_SECONDS = 0.2
_AT_ONCE = 200


async def relay_events(db: Database, bus: Bus, counts: Counts | None = None) -> None:
    """Publish all events that wait, the oldest first. Raises BusError, StoreUnavailableError."""
    while await _relay_some(db, bus, counts or Counts()):
        pass


class _Counted(msgspec.Struct):
    """What the metrics count of an event: `verdict` and `previous` of a verdict, `change` and `severity` of an
    incident.
    """

    type: EventType
    verdict: str = ""
    previous: str = ""
    change: str = ""
    severity: str = ""


async def _relay_some(db: Database, bus: Bus, counts: Counts) -> bool:
    """Returns whether more may wait."""
    published: list[Outgoing] = []
    refusal: BusError | None = None
    async with unpublished_events(db, _AT_ONCE) as (connection, events):
        for part in _parts(events):
            refusals = await bus.publish_all(
                [Message(event.subject, event.body, str(event.message_id)) for event in part]
            )
            published += [event for event, refused in zip(part, refusals, strict=True) if refused is None]
            refusal = next(filter(None, refusals), None)
            if refusal is not None:
                break
        await remove(connection, published)
    for event in published:
        _count(event, counts)
    if refusal is not None:
        raise refusal
    return len(events) == _AT_ONCE


def _parts(events: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Parts that go out at once. Each has one event of a monitor, so that subscribers read these in order even when the
    broker refuses some.
    """
    part: dict[tuple[str, ...], Outgoing] = {}
    for event in events:
        owner = subjects.parts_of_event(event.subject)[:3]
        if owner in part:
            yield list(part.values())
            part = {}
        part[owner] = event
    if part:
        yield list(part.values())


def _count(event: Outgoing, counts: Counts) -> None:
    event_values = msgspec.json.decode(event.body, type=_Counted)
    if event_values.type is EventType.VERDICT:
        counts.verdicts.add((event_values.previous, event_values.verdict))
    elif event_values.type is EventType.INCIDENT:
        counts.incidents.add((event_values.change, event_values.severity))
