"""Publishes the events of stored results. What the broker does not take soon stays noted in the database, and any
controller publishes it later (`publish_left`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from msgspec import UNSET

from controller.broker.replay import message_ids_since
from controller.broker.streams import DUPLICATES_SECONDS
from controller.store.checks import unpublished_results
from controller.store.checks.unpublished_results import TRY_SECONDS, LeftResults
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import json_times, subjects
from shared.wire.messages import CheckResult, Event, EventType

log = structlog.get_logger()

LEFT_EVERY_SECONDS = 5.0
_AWAY_SECONDS = 0.5
_CERTAIN_SECONDS = DUPLICATES_SECONDS - 30
"""For so long after a result was stored the broker certainly recognizes its event as a duplicate."""

_CLOCKS_DIFFER = timedelta(seconds=60)


async def publish(
    bus: Bus, events: Sequence[Message], stored_at: float, *, clock: Callable[[], float] = time.monotonic
) -> list[bool]:
    """Publish these events, of results that were stored at `stored_at` or later; returns for each whether the broker
    has it. After TRY_SECONDS somebody else may publish those that are left, and no attempt begins. `clock` gives
    monotonic seconds.
    """
    done = [False] * len(events)
    logged = False
    while clock() < stored_at + TRY_SECONDS:
        left = [place for place, is_done in enumerate(done) if not is_done]
        refusals = await bus.publish_all([events[place] for place in left])
        for place, refusal in zip(left, refusals, strict=True):
            done[place] = refusal is None
        error = next(filter(None, refusals), None)
        if error is None:
            break
        if not logged:
            logged = True
            log.warning("publish_waits", events=sum(map(bool, refusals)), error=str(error))
        await asyncio.sleep(_AWAY_SECONDS)
    return done


async def publish_left(db: Database, bus: Bus) -> None:
    """Publish what is noted and what nobody publishes. Raises BusError, StoreUnavailableError; it is left then."""
    while found := await unpublished_results.left(db):
        if not await _publish_some(db, bus, found):
            return


async def _publish_some(db: Database, bus: Bus, found: LeftResults) -> bool:
    """Returns whether this controller may publish. What is noted for so long is published by nobody else meanwhile, so
    the stream can be read before the notes are taken.
    """
    events = [
        (one.note, result_event(one.result, one.organization, one.customer, one.kind, one.sequence))
        for one in found.results
    ]
    known: set[str] = set()
    if found.seconds > _CERTAIN_SECONDS:
        wanted = {event.message_id for _, event in events}
        since = found.since - _CLOCKS_DIFFER
        known = await message_ids_since(bus, subjects.EVENTS, since, subjects.EVERY_RESULT_EVENT, wanted)
    async with unpublished_results.taken(db, found.notes) as notes:
        if notes is None:
            return False
        unknown = [event for note, event in events if note in notes and event.message_id not in known]
        for refusal in await bus.publish_all(unknown):
            if refusal is not None:
                raise refusal
    log.info("left_results_published", events=len(unknown), known=len(events) - len(unknown))
    return True


def result_event(result: CheckResult, organization: UUID, customer: UUID, kind: str, sequence: int | None) -> Message:
    """The event of a stored result of a monitor of this kind, as it is published."""
    event = Event(
        event_id=result.check_id,
        type=EventType.RESULT,
        organization_id=organization,
        customer_id=customer,
        monitor_id=result.monitor_id,
        occurred_at=utc_now(),
        status=result.status,
        result=result,
        kind=kind,
        sequence=UNSET if sequence is None else sequence,
    )
    subject = subjects.event(organization, customer, result.monitor_id, EventType.RESULT)
    return Message(subject, json_times.encode(event), message_id=str(result.check_id))
