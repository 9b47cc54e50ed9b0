"""Fetch results from the broker, store them, publish an event of each new one, and only then acknowledge them.

A result that can never be stored, or that is not expected, becomes a dead letter with its reason and never holds up the
others. While some results are stored, those after them are read, and the events of those before them are published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple, TypeVar
from uuid import UUID

import structlog

from controller.broker.streams import INGEST_WAIT_SECONDS, ensure_streams
from controller.decisions.received_results import RejectionReason
from controller.kinds import own_facts
from controller.metrics.counts import Counts
from controller.off_loop import in_turns
from controller.pipeline.details import of_kind, with_good_details
from controller.pipeline.ingest import result_events
from controller.pipeline.ingest.arrivals import Arrival, Rejected, opened, refused
from controller.pipeline.ingest.rejection import doubted, reject
from controller.pipeline.ops.canaries import came_back
from controller.pipeline.signing.checking import SignatureCheck
from controller.store.checks import trials, unpublished_results
from controller.store.checks.expected_results import store_expected
from controller.store.checks.results import StoredResult
from controller.store.locations import canaries
from controller.store.platform.pool import Database, StoreUnavailableError, UnstorableError
from controller.trust.location_signatures import Doubt
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.details import DETAILS, Details
from shared.wire.messages import CheckResult
from shared.wire.rounds import RECORDED, Purpose

log = structlog.get_logger()

T = TypeVar("T")

BATCH = 256
"""How many results are stored in one transaction."""

FETCHED = {subjects.INGEST: BATCH, subjects.INGEST_BATCHES: 8}
"""How many messages of each consumer are fetched at once, in each of which there may be one result, or 64."""

_FETCH_SECONDS = 1.0
_AWAY_SECONDS = 0.5
_WORKING_SECONDS = INGEST_WAIT_SECONDS / 3


class _StoredArrival(NamedTuple):
    """What became of a result; None: its monitor or location is unknown. It was stored at that moment or later, in
    monotonic seconds.
    """

    arrival: Arrival
    stored: StoredResult | None
    stored_at: float


class _Unpublished(NamedTuple):
    """A result whose event is to be published."""

    arrival: Arrival
    stored: StoredResult
    stored_at: float


class Ingestor:
    def __init__(self, db: Database, bus: Bus, counts: Counts | None = None, *, details: Details = DETAILS) -> None:
        self._db = db
        self._bus = bus
        self._details = details
        self._counts = counts or Counts()
        self._own_facts = own_facts()
        self._signatures = SignatureCheck(db, self._counts)
        self._in_hand: set[Delivery] = set()
        self._make_locks()

    def _make_locks(self) -> None:
        """New for each run, because a task that is cancelled before its first step gives no lock back."""
        self._reading, self._storing, self._publishing = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()

    async def ingest(self) -> None:
        """Ingest until the broker fails. Raises BusError."""
        await self._bus.require_connected()
        await ensure_streams(self._bus)
        consumers: list[Consumer] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_in_hand())
                for name, most in FETCHED.items():
                    consumer = await self._bus.consumer(subjects.RESULTS, name)
                    consumers.append(consumer)
                    group.create_task(self._feed(consumer, most, group))
        except ExceptionGroup as failures:
            raise next((one for one in failures.exceptions if isinstance(one, BusError)), failures) from None
        finally:
            self._make_locks()
            await self._give_back()
            for consumer in consumers:
                await consumer.close()

    async def _give_back(self) -> None:
        """Have the broker deliver again all that is in hand."""
        left = list(self._in_hand)
        self._in_hand.clear()
        for delivery in left:
            await delivery.nak()

    async def _feed(self, consumer: Consumer, most: int, group: asyncio.TaskGroup) -> None:
        """Fetch messages, and handle them in this order: at most three batches are under way at once."""
        while True:
            deliveries = await self._fetch(consumer, most)
            if deliveries:
                await self._reading.acquire()
                group.create_task(self._handle(deliveries))

    async def ingest_batch(self, consumer: Consumer, most: int = BATCH) -> None:
        """Fetch messages, at most so many, and handle them."""
        deliveries = await self._fetch(consumer, most)
        await self._reading.acquire()
        await self._handle(deliveries)

    async def _fetch(self, consumer: Consumer, most: int) -> list[Delivery]:
        deliveries = await consumer.fetch(most, _FETCH_SECONDS)
        self._in_hand.update(deliveries)
        return deliveries

    async def _keep_in_hand(self) -> None:
        """Tell the broker about all that is in hand, so that it delivers nothing of it again."""
        while True:
            await asyncio.sleep(_WORKING_SECONDS)
            for delivery in list(self._in_hand):
                await delivery.working()

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        """Read, store and publish. Who calls it has the lock of reading; each step has the next one's lock before it
        gives back its own, so that no batch overtakes another.
        """
        try:
            try:
                vouched = await self._read(deliveries)
                await self._storing.acquire()
            finally:
                self._reading.release()
            try:
                outcomes = await self._store_all(vouched)
                await self._publishing.acquire()
            finally:
                self._storing.release()
            try:
                await self._finish(outcomes)
            finally:
                self._publishing.release()
        finally:
            self._in_hand.difference_update(deliveries)

    async def _read(self, deliveries: Sequence[Delivery]) -> list[Arrival]:
        """The results that their locations signed; all others become dead letters."""
        arrivals: list[Arrival] = []
        rejected: list[Rejected] = []
        async for delivery in in_turns(deliveries, 1):  # a message may take ten milliseconds
            found, refused_parts = opened(delivery, utc_now())
            arrivals += found
            rejected += refused_parts
        doubts = await self._doubts(list({arrival.message.delivery: None for arrival in arrivals}))
        vouched: list[Arrival] = []
        for arrival in arrivals:
            doubt = doubts[arrival.message.delivery]
            if doubt is None:
                vouched.append(arrival)
            else:
                rejected.append(doubted(arrival, doubt))
        await reject(self._db, self._counts, rejected)
        readable = with_good_details([one.result for one in vouched], self._counts, self._details)
        return [one._replace(result=result) for one, result in zip(vouched, readable, strict=True)]

    async def _doubts(self, deliveries: Sequence[Delivery]) -> dict[Delivery, Doubt | None]:
        """Check the signatures, however long it takes until PostgreSQL answers with the keys."""
        if not deliveries:
            return {}
        doubts = await self._patiently(len(deliveries), lambda: self._signatures.results(deliveries))
        return dict(zip(deliveries, doubts, strict=True))

    async def _store_all(self, vouched: Sequence[Arrival]) -> list[_StoredArrival]:
        checks = [one for one in vouched if one.result.purpose in RECORDED]
        outcomes: list[_StoredArrival] = []
        for start in range(0, len(checks), BATCH):
            outcomes += await self._store(checks[start : start + BATCH])
        if len(checks) < len(vouched):
            await self._store_unrecorded([one for one in vouched if one.result.purpose not in RECORDED])
        return outcomes

    async def _store(self, arrivals: Sequence[Arrival]) -> list[_StoredArrival]:
        """Store a batch. When a result in it cannot be stored, split the batch until that result is found."""

        async def attempt() -> tuple[float, list[StoredResult | None]]:
            began, results = monotonic(), [one.result for one in arrivals]
            return began, await store_expected(self._db, results, own_facts=self._own_facts)

        try:
            began, outcomes = await self._patiently(len(arrivals), attempt)
        except UnstorableError as error:
            if len(arrivals) == 1:
                await reject(
                    self._db,
                    self._counts,
                    [refused(arrivals[0], RejectionReason.UNSTORABLE, f"cannot be stored: {error}")],
                )
                return []
            middle = len(arrivals) // 2
            return await self._store(arrivals[:middle]) + await self._store(arrivals[middle:])
        return [_StoredArrival(*one, began) for one in zip(arrivals, outcomes, strict=True)]

    async def _patiently(self, results: int, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until PostgreSQL answers. Raises UnstorableError."""
        logged = False
        while True:
            try:
                return await attempt()
            except StoreUnavailableError as error:
                if not logged:
                    logged = True
                    log.warning("ingest_waits", results=results, error=str(error))
            await asyncio.sleep(_AWAY_SECONDS)

    async def _store_unrecorded(self, arrivals: Sequence[Arrival]) -> None:
        """Store that canaries came back, which the evaluator sees next, and what trials found out, if they wait."""
        results = [one.result for one in arrivals]
        try:
            await canaries.store(self._db, [came_back(one) for one in results if one.purpose is Purpose.CANARY])
            await trials.store_results(self._db, [one for one in results if one.purpose is Purpose.TRIAL])
        except StoreUnavailableError:
            return  # they are not acknowledged, so they come again
        for one in arrivals:
            await one.message.done()

    async def _finish(self, outcomes: Sequence[_StoredArrival]) -> None:
        """Publish the new results and acknowledge all of them.

        What a controller that died has stored without publishing it is noted, and published from there. Controllers of
        earlier versions noted nothing, so what was stored a short while ago is published again: the broker drops it if
        it has it.
        """
        unpublished: list[_Unpublished] = []
        done: list[Arrival] = []
        rejected: list[Rejected] = []
        now = utc_now()
        counted: set[UUID] = set()
        for arrival, stored, stored_at in outcomes:
            result = arrival.result
            if stored is not None and stored.new and result.check_id not in counted:
                counted.add(result.check_id)
                self._counts.stored(result, stored.kind, (now - result.due_at).total_seconds())
            if stored is None:
                rejected.append(refused(arrival, RejectionReason.UNKNOWN_ORIGIN, "unknown monitor or location"))
            elif not stored.expected:
                reason = "this location was not to run this check"
                rejected.append(refused(arrival, RejectionReason.NOT_EXPECTED, reason))
            elif stored.recent:
                unpublished.append(_Unpublished(arrival, stored, stored_at))
            else:
                done.append(arrival)
        await reject(self._db, self._counts, rejected)
        done += await self._publish(unpublished)
        for arrival in done:
            await arrival.message.done()

    async def _publish(self, unpublished: Sequence[_Unpublished]) -> list[Arrival]:
        """Returns those whose events the broker has, or that are noted."""
        published: list[bool] = []
        for start in range(0, len(unpublished), BATCH):
            some = unpublished[start : start + BATCH]
            events = [_event(of_kind(one.arrival.result, one.stored.kind, self._counts), one.stored) for one in some]
            published += await result_events.publish(self._bus, events, min(one.stored_at for one in some))
        found = list(zip(unpublished, published, strict=True))
        noted = {one.stored.note for one, _ in found if one.stored.note is not None}
        left = {one.stored.note for one, is_published in found if not is_published}
        if over := noted - left:
            try:
                await unpublished_results.remove(self._db, over)
            except StoreUnavailableError as error:
                log.warning("published_results_still_noted", error=str(error))  # they are published and removed later
        return [one.arrival for one, is_published in found if is_published or one.stored.note is not None]


def _event(result: CheckResult, stored: StoredResult) -> Message:
    return result_events.result_event(result, stored.organization, stored.customer, stored.kind, stored.sequence)
