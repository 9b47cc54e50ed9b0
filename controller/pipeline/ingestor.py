"""Fetch results from the broker, store them, publish an event of each new one, and only then acknowledge them.

A result that can never be stored, or that is not expected, becomes a dead letter with its reason and never holds up the
others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

import structlog
from msgspec import UNSET

from controller.broker.streams import ensure_streams
from controller.decisions.received_results import RefusedError, RejectionReason, read_result
from controller.kinds import own_facts
from controller.metrics.counts import Counts
from controller.pipeline.details import of_kind, with_good_details
from controller.pipeline.ops.canaries import came_back
from controller.pipeline.signing.checking import SignatureCheck
from controller.store.checks import trials
from controller.store.checks.dead_letters import LONGEST_REASON, DeadLetter, store_dead_letters
from controller.store.checks.expected_results import store_expected
from controller.store.checks.results import StoredResult
from controller.store.locations import canaries
from controller.store.platform.pool import Database, StoreUnavailableError, UnstorableError
from controller.trust.location_signatures import Doubt
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.wire import json_times, subjects
from shared.wire.details import DETAILS, Details
from shared.wire.messages import CheckResult, Event, EventType
from shared.wire.rounds import RECORDED, Purpose

log = structlog.get_logger()

T = TypeVar("T")

BATCH = 256
_FETCH_SECONDS = 1.0
_AWAY_SECONDS = 0.5
_DEAD_LETTER_BYTES = 64 * 1024
_DOUBTS = {
    Doubt.UNSIGNED: "unsigned, although the location's agents sign",
    Doubt.UNKNOWN_KEY: "signed with a key that is not one of this location's",
    Doubt.ENDED_KEY: "signed with a key of this location that has ended",
    Doubt.WRONG_SIGNATURE: "the signature is not valid for this message",
}


class Arrival(NamedTuple):
    delivery: Delivery
    result: CheckResult


class Rejected(NamedTuple):
    """A message that becomes a dead letter, with the reason as one word (`why`) and as a sentence (`reason`)."""

    delivery: Delivery
    why: RejectionReason
    reason: str
    result: CheckResult | None = None


class Ingestor:
    def __init__(self, db: Database, bus: Bus, counts: Counts | None = None, *, details: Details = DETAILS) -> None:
        self._db = db
        self._bus = bus
        self._details = details
        self._counts = counts or Counts()
        self._own_facts = own_facts()
        self._signatures = SignatureCheck(db, self._counts)

    async def ingest(self) -> None:
        """Ingest until the broker fails. Raises BusError."""
        await self._bus.require_connected()
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
        rejected: list[Rejected] = []
        now = utc_now()
        for delivery in deliveries:
            try:
                arrivals.append(Arrival(delivery, read_result(delivery.subject, delivery.body, now)))
            except RefusedError as error:
                rejected.append(Rejected(delivery, error.why, str(error)[:LONGEST_REASON]))
        vouched: list[Arrival] = []
        for arrival, doubt in zip(arrivals, await self._doubts(arrivals), strict=True):
            if doubt is None:
                vouched.append(arrival)
            else:
                rejected.append(Rejected(arrival.delivery, RejectionReason(doubt), _DOUBTS[doubt], arrival.result))
        await self._reject(rejected)
        readable = with_good_details([one.result for one in vouched], self._counts, self._details)
        vouched = [one._replace(result=result) for one, result in zip(vouched, readable, strict=True)]
        checks = [one for one in vouched if one.result.purpose in RECORDED]
        if checks:
            await self._store(checks)
        if len(checks) < len(vouched):
            await self._store_unrecorded([one for one in vouched if one.result.purpose not in RECORDED])

    async def _doubts(self, arrivals: Sequence[Arrival]) -> Sequence[Doubt | None]:
        """Check the signatures, however long it takes until PostgreSQL answers with the keys."""
        if not arrivals:
            return ()
        return await self._patiently(
            arrivals, lambda: self._signatures.results([arrival.delivery for arrival in arrivals])
        )

    async def _store(self, arrivals: Sequence[Arrival]) -> None:
        """Store a batch. When a result in it cannot be stored, split the batch until that result is found."""
        try:
            outcomes = await self._patiently(
                arrivals,
                lambda: store_expected(self._db, [one.result for one in arrivals], own_facts=self._own_facts),
            )
        except UnstorableError as error:
            if len(arrivals) == 1:
                [(delivery, result)] = arrivals
                await self._reject(
                    [Rejected(delivery, RejectionReason.UNSTORABLE, f"cannot be stored: {error}", result)]
                )
                return
            middle = len(arrivals) // 2
            await self._store(arrivals[:middle])
            await self._store(arrivals[middle:])
        else:
            await self._finish(arrivals, outcomes)

    async def _patiently(self, arrivals: Sequence[Arrival], attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until PostgreSQL answers, and keep the batch meanwhile. Raises UnstorableError."""
        logged = False
        while True:
            try:
                return await attempt()
            except StoreUnavailableError as error:
                if not logged:
                    logged = True
                    log.warning("ingest_waits", results=len(arrivals), error=str(error))
            await asyncio.sleep(_AWAY_SECONDS)
            for arrival in arrivals:
                await arrival.delivery.working()

    async def _store_unrecorded(self, arrivals: Sequence[Arrival]) -> None:
        """Store that canaries came back, which the evaluator sees next, and what trials found out, if they wait."""
        results = [one.result for one in arrivals]
        try:
            await canaries.store(self._db, [came_back(one) for one in results if one.purpose is Purpose.CANARY])
            await trials.store_results(self._db, [one for one in results if one.purpose is Purpose.TRIAL])
        except StoreUnavailableError:
            return  # they are not acknowledged, so they come again
        for one in arrivals:
            await one.delivery.ack()

    async def _finish(self, arrivals: Sequence[Arrival], outcomes: Sequence[StoredResult | None]) -> None:
        """Publish the new results and acknowledge all of them.

        A controller that died may have stored a result without publishing it, so results that were delivered before or
        stored a short while ago are published too. (A broker forgets at its restart how often it delivered a message.)
        """
        events: list[tuple[Delivery, Message]] = []
        done: list[Delivery] = []
        rejected: list[Rejected] = []
        now = utc_now()
        counted: set[UUID] = set()
        for (delivery, result), stored in zip(arrivals, outcomes, strict=True):
            if stored is not None and stored.new and result.check_id not in counted:
                counted.add(result.check_id)
                self._counts.stored(result, stored.kind, (now - result.due_at).total_seconds())
            if stored is None:
                rejected.append(
                    Rejected(delivery, RejectionReason.UNKNOWN_ORIGIN, "unknown monitor or location", result)
                )
            elif not stored.expected:
                rejected.append(
                    Rejected(delivery, RejectionReason.NOT_EXPECTED, "this location was not to run this check", result)
                )
            elif stored.recent or delivery.redelivered:
                events.append((delivery, _event(of_kind(result, stored.kind, self._counts), stored)))
            else:
                done.append(delivery)
        await self._reject(rejected)
        await self._publish(arrivals, [message for _, message in events])
        for delivery in done + [delivery for delivery, _ in events]:
            await delivery.ack()

    async def _publish(self, arrivals: Sequence[Arrival], events: Sequence[Message]) -> None:
        """Publish until the broker has every event."""
        logged = False
        while events:
            refusals = await self._bus.publish_all(events)
            events = [event for event, refusal in zip(events, refusals, strict=True) if refusal is not None]
            if events:
                if not logged:
                    logged = True
                    error = next(refusal for refusal in refusals if refusal is not None)
                    log.warning("publish_waits", events=len(events), error=str(error))
                await asyncio.sleep(_AWAY_SECONDS)
                for arrival in arrivals:
                    await arrival.delivery.working()

    async def _reject(self, rejected: Sequence[Rejected]) -> None:
        """Store as dead letters and end their delivery. A flood is logged as one line for each subject and reason."""
        if not rejected:
            return
        logged: Counter[tuple[str, RejectionReason]] = Counter((one.delivery.subject, one.why) for one in rejected)
        for delivery, why, reason, result in rejected:
            together = logged.pop((delivery.subject, why), 0)
            if together:
                names = _names(result)
                log.warning("result_rejected", subject=delivery.subject, reason=reason, messages=together, **names)
        messages = [
            DeadLetter(one.delivery.subject, one.why.value, one.reason, one.delivery.body[:_DEAD_LETTER_BYTES])
            for one in rejected
        ]
        try:
            await store_dead_letters(self._db, messages)
        except StoreUnavailableError:
            return  # they are not acknowledged, so they come again
        for one in rejected:
            self._counts.dead_letters.add((one.why,))
            await one.delivery.term()


def _names(result: CheckResult | None) -> dict[str, str]:
    """The fields that name a check in log lines; none when the message does not say."""
    if result is None:
        return {}
    return {"check_id": str(result.check_id), "monitor_id": str(result.monitor_id), "location": result.location}


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
        sequence=UNSET if stored.sequence is None else stored.sequence,
    )
    subject = subjects.event(stored.organization, stored.customer, result.monitor_id, EventType.RESULT)
    return Message(subject, json_times.encode(event), message_id=str(result.check_id))
