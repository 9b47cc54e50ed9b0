"""Take results from the broker, store them, tell subscribers of what is new, and only then let the broker forget them.

A result that can never be stored, or that nobody asked for, is parked with its reason and never holds up the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from controller.broker.streams import ensure_streams
from controller.metrics.counts import Counts, Parked
from controller.store.checks.dead_letters import LONGEST_REASON, ParkedMessage, park
from controller.store.checks.expected_results import store_asked
from controller.store.checks.results import StoredResult, UnstorableError
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.wire import subjects
from shared.wire.messages import CheckResult, Event, EventType
from shared.wire.rounds import check_id, to_datetime, to_ms

log = structlog.get_logger()

BATCH = 256
_FETCH_SECONDS = 1.0
_AWAY_SECONDS = 0.5
_LARGEST_BYTES = 512 * 1024  # with its event's envelope it must stay below the broker's limit of 1 MiB
_PARKED_BYTES = 64 * 1024
_OLDEST = timedelta(days=29)
_NEWEST = timedelta(days=1)


class RefusedError(Exception):
    """A message on RESULTS that cannot be a result of ours; the message says why, in more words than `why`."""

    def __init__(self, why: Parked, words: str) -> None:
        super().__init__(words)
        self.why = why


class Arrival(NamedTuple):
    delivery: Delivery
    result: CheckResult


class Unfit(NamedTuple):
    """What is to be parked, and why, in a word and in several."""

    delivery: Delivery
    why: Parked
    reason: str
    result: CheckResult | None = None


class Ingestor:
    def __init__(self, db: Database, bus: Bus, counts: Counts | None = None) -> None:
        self._db = db
        self._bus = bus
        self._counts = counts or Counts()

    async def ingest(self) -> None:
        """Ingest until trouble with the broker. Raises BusError."""
        await self._bus.wait_connected()
        await ensure_streams(self._bus)
        consumer = await self._bus.consumer(subjects.RESULTS, subjects.INGEST)
        try:
            while True:
                await self.ingest_batch(consumer)
        finally:
            await consumer.close()

    async def ingest_batch(self, consumer: Consumer) -> None:
        deliveries = await consumer.fetch(BATCH, _FETCH_SECONDS)
        arrivals: list[Arrival] = []
        unfit: list[Unfit] = []
        for delivery in deliveries:
            try:
                arrivals.append(Arrival(delivery, _read(delivery)))
            except RefusedError as error:
                unfit.append(Unfit(delivery, error.why, str(error)[:LONGEST_REASON]))
        await self._park(unfit)
        if arrivals:
            await self._store(arrivals)

    async def _store(self, arrivals: Sequence[Arrival]) -> None:
        """Store a batch; split it when something in it cannot be stored, until that is found."""
        try:
            outcomes = await self._store_patiently(arrivals)
        except UnstorableError as error:
            if len(arrivals) == 1:
                [(delivery, result)] = arrivals
                await self._park([Unfit(delivery, Parked.UNSTORABLE, f"cannot be stored: {error}", result)])
                return
            middle = len(arrivals) // 2
            await self._store(arrivals[:middle])
            await self._store(arrivals[middle:])
        else:
            await self._tell(arrivals, outcomes)

    async def _store_patiently(self, arrivals: Sequence[Arrival]) -> list[StoredResult | None]:
        """Keep the batch until PostgreSQL takes it. Raises UnstorableError."""
        told = False
        while True:
            try:
                return await store_asked(self._db, [arrival.result for arrival in arrivals])
            except StoreUnavailableError as error:
                if not told:
                    told = True
                    log.warning("ingest_waits", results=len(arrivals), error=str(error))
            await asyncio.sleep(_AWAY_SECONDS)
            for arrival in arrivals:
                await arrival.delivery.working()

    async def _tell(self, arrivals: Sequence[Arrival], outcomes: Sequence[StoredResult | None]) -> None:
        """Publish what is new, and what may have been stored but not published by a controller that died: what was
        delivered before, or stored a short while ago (a broker that restarts forgets how often it delivered).
        """
        events: list[tuple[Delivery, Message]] = []
        done: list[Delivery] = []
        unfit: list[Unfit] = []
        now = utc_now()
        counted: set[UUID] = set()
        for (delivery, result), stored in zip(arrivals, outcomes, strict=True):
            if stored is not None and stored.new and result.check_id not in counted:
                counted.add(result.check_id)
                self._counts.stored(result, stored.kind, (now - result.due_at).total_seconds())
            if stored is None:
                unfit.append(Unfit(delivery, Parked.UNKNOWN_ORIGIN, "unknown monitor or location", result))
            elif not stored.asked:
                unfit.append(Unfit(delivery, Parked.NOBODY_ASKED, "nobody asked this location for this check", result))
            elif stored.recent or delivery.redelivered:
                events.append((delivery, _event(result, stored)))
            else:
                done.append(delivery)
        await self._park(unfit)
        await self._publish(arrivals, [message for _, message in events])
        for delivery in done + [delivery for delivery, _ in events]:
            await delivery.ack()

    async def _publish(self, arrivals: Sequence[Arrival], events: Sequence[Message]) -> None:
        """Return when the broker has every event."""
        told = False
        while events:
            refusals = await self._bus.publish_all(events)
            events = [event for event, refusal in zip(events, refusals, strict=True) if refusal is not None]
            if events:
                if not told:
                    told = True
                    error = next(refusal for refusal in refusals if refusal is not None)
                    log.warning("events_wait", events=len(events), error=str(error))
                await asyncio.sleep(_AWAY_SECONDS)
                for arrival in arrivals:
                    await arrival.delivery.working()

    async def _park(self, unfit: Sequence[Unfit]) -> None:
        """Put aside for good; what comes by the hundred is told in one line for each reason."""
        if not unfit:
            return
        told: Counter[tuple[str, Parked]] = Counter((one.delivery.subject, one.why) for one in unfit)
        for delivery, why, reason, result in unfit:
            together = told.pop((delivery.subject, why), 0)
            if together:
                names = _names(result)
                log.warning("result_parked", subject=delivery.subject, reason=reason, messages=together, **names)
        messages = [
            ParkedMessage(one.delivery.subject, one.why.value, one.reason, one.delivery.body[:_PARKED_BYTES])
            for one in unfit
        ]
        try:
            await park(self._db, messages)
        except StoreUnavailableError:
            return  # not acknowledged: they come again
        for one in unfit:
            self._counts.parked.add((one.why,))
            await one.delivery.term()


def _names(result: CheckResult | None) -> dict[str, str]:
    """A check as log lines name it; nothing when the message does not tell."""
    if result is None:
        return {}
    return {"check_id": str(result.check_id), "monitor_id": str(result.monitor_id), "location": result.location}


def _read(delivery: Delivery) -> CheckResult:
    """Raises RefusedError."""
    if len(delivery.body) > _LARGEST_BYTES:
        raise RefusedError(Parked.TOO_LARGE, f"larger than {_LARGEST_BYTES} bytes")
    try:
        result = msgspec.json.decode(delivery.body, type=CheckResult)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Parked.NOT_A_RESULT, f"not a result: {error}") from error
    try:
        subject = subjects.result(result.country, result.location)
        identity = check_id(result.monitor_id, to_ms(result.due_at), result.location, result.purpose)
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError(Parked.NOT_A_RESULT, f"not a result: {error}") from error
    if subject != delivery.subject:
        raise RefusedError(Parked.ANOTHER_LOCATION, "another location's result")
    if identity != result.check_id:
        words = "the check id does not belong to this monitor, moment, location and purpose"
        raise RefusedError(Parked.WRONG_CHECK_ID, words)
    if to_datetime(to_ms(result.due_at)) != result.due_at:
        raise RefusedError(Parked.WRONG_MOMENT, "the due moment is not in whole milliseconds")
    now = utc_now()
    for moment, words in ((result.due_at, "the due moment"), (result.started_at, "its beginning")):
        if not now - _OLDEST < moment < now + _NEWEST:
            raise RefusedError(Parked.WRONG_MOMENT, f"{words} is too long ago or in the future")
    if result.duration_ms < 0:
        raise RefusedError(Parked.NOT_A_RESULT, "not a result: it took less than no time")
    return result


def _event(result: CheckResult, stored: StoredResult) -> Message:
    event = Event(
        event_id=result.check_id,
        type=EventType.RESULT,
        organization_id=stored.organization,
        customer_id=stored.customer,
        monitor_id=result.monitor_id,
        occurred_at=utc_now(),
        status=result.status,
        result=result,
        kind=stored.kind,
    )
    subject = subjects.event(stored.organization, stored.customer, result.monitor_id, EventType.RESULT)
    return Message(subject, msgspec.json.encode(event), message_id=str(result.check_id))
