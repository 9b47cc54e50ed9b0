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
from controller.store.checks.unpublished_results import TRY_SECONDS
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


async def publish(bus: Bus, events: Sequence[Message], *, clock: Callable[[], float] = time.monotonic) -> list[bool]:
    """Publish these events, of results that were stored a moment ago; returns for each whether the broker has it. After
    TRY_SECONDS somebody else may publish those that are left. `clock` gives monotonic seconds.
    """
    until = clock() + TRY_SECONDS
    done = [False] * len(events)
    logged = False
    while left := [place for place, is_done in enumerate(done) if not is_done]:
        refusals = await bus.publish_all([events[place] for place in left])
        for place, refusal in zip(left, refusals, strict=True):
            done[place] = refusal is None
        error = next(filter(None, refusals), None)
        if error is None or clock() >= until:
            break
        if not logged:
            logged = True
            log.warning("publish_waits", events=sum(map(bool, refusals)), error=str(error))
        await asyncio.sleep(_AWAY_SECONDS)
    return done


async def publish_left(db: Database, bus: Bus) -> None:
    """Publish what is noted and what nobody publishes. Raises BusError, StoreUnavailableError; it is left then."""
    while await _publish_some(db, bus):
        pass


async def _publish_some(db: Database, bus: Bus) -> bool:
    """Returns whether more may be left."""
    async with unpublished_results.left(db) as found:
        if found is None:
            return False
        known: set[str] = set()
        if found.seconds > _CERTAIN_SECONDS:
            since = found.since - _CLOCKS_DIFFER
            known = await message_ids_since(bus, subjects.EVENTS, since, subjects.EVERY_RESULT_EVENT)
        events = [
            result_event(one.result, one.organization, one.customer, one.kind, one.sequence) for one in found.results
        ]
        unknown = [event for event in events if event.message_id not in known]
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
