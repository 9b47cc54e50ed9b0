"""The hub of one controller's streams: the latest events, in a bounded ring, and the open streams.

Nothing here awaits, so an event reaches all streams or none.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
import structlog

from controller.errors import LimitedError
from controller.streaming.event_filter import EventFilter, matches
from controller.streaming.frames import EndReason, StreamPosition, expired_frame, lost_frame, replaced_frame
from controller.streaming.sequence_watch import SequenceWatch
from controller.streaming.stream_event import StreamEvent
from controller.streaming.subscription import Bounds, Holder, Subscription

log = structlog.get_logger()

_RETRY_SECONDS = 10


class HubLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the ring, of open streams in all and of one caller, and of streams that read EVENTS at once."""

    ring_events: int = 20_000
    ring_bytes: int = 32 * 1024 * 1024
    streams: int = 10_000
    streams_of_one: int = 100
    readers: int = 16


class Observer(Protocol):
    """Gets every event of one organization as it comes, for what is made of many events. It must be quick."""

    def notice(self, event: StreamEvent) -> None:
        """An event, in order. Events from before it began to observe may be among them after a restart."""

    def miss(self) -> None:
        """Events are lost."""


class StreamHub:
    """`position` is the one behind the last event; None until EVENTS was reached for the first time."""

    def __init__(
        self,
        limits: HubLimits | None = None,
        bounds: Bounds | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or HubLimits()
        self.bounds = bounds or Bounds()
        self.position: StreamPosition | None = None
        self.reading = asyncio.Semaphore(self.limits.readers)
        self._ready = False
        self._stopping = False
        self._ring: deque[StreamEvent] = deque()
        self._ring_bytes = 0
        self._ring_since = 0
        self._open: set[Subscription] = set()
        self._open_of: Counter[str] = Counter()
        self._of_organization: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._of_customer: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._observers: dict[str, list[Observer]] = {}
        self._sequences = SequenceWatch(monotonic)

    # Streams.

    @property
    def now(self) -> StreamPosition | None:
        """The position where a stream that does not resume begins; None until the ring has caught up with EVENTS."""
        return self.position if self._ready else None

    def open(self, event_filter: EventFilter, holder: Holder) -> Subscription:
        """The caller must close the subscription. Raises LimitedError."""
        if self._open_of[holder.principal.name] >= self.limits.streams_of_one:
            raise LimitedError(f"Too many open streams: {self.limits.streams_of_one} at most", _RETRY_SECONDS)
        if len(self._open) >= self.limits.streams:
            raise LimitedError("Too many open streams on this controller", _RETRY_SECONDS)
        subscription = Subscription(event_filter, holder, self.bounds)
        self._open.add(subscription)
        self._open_of[holder.principal.name] += 1
        if self._stopping:
            subscription.end(EndReason.STOPPING)
        return subscription

    def join(self, subscription: Subscription, since: int) -> None:
        """From now on the subscription gets every event that matches its filter and has a sequence above `since`."""
        subscription.since = since
        for index, key in self._indexes_of(subscription):
            index[key].add(subscription)

    def close(self, subscription: Subscription) -> None:
        self._open.discard(subscription)
        name = subscription.holder.principal.name
        self._open_of[name] -= 1
        if not self._open_of[name]:
            del self._open_of[name]
        for index, key in self._indexes_of(subscription):
            index[key].discard(subscription)
            if not index[key]:
                del index[key]

    def streams(self) -> list[Subscription]:
        """The open streams."""
        return list(self._open)

    def stop(self) -> None:
        """End every open stream, and every stream that is opened from now on."""
        self._stopping = True
        for subscription in self._open:
            subscription.end(EndReason.STOPPING)

    def _indexes_of(self, subscription: Subscription) -> Iterable[tuple[defaultdict[str, set[Subscription]], str]]:
        event_filter = subscription.event_filter
        if event_filter.customers is None:
            yield self._of_organization, event_filter.organization
        else:
            for customer in event_filter.customers:
                yield self._of_customer, customer

    def observe(self, organization: str, observer: Observer) -> None:
        """From now on the observer gets the organization's events. The caller must `forget` it."""
        self._observers.setdefault(organization, []).append(observer)

    def forget(self, organization: str, observer: Observer) -> None:
        observers = self._observers[organization]
        observers.remove(observer)
        if not observers:
            del self._observers[organization]

    def _joined(self) -> set[Subscription]:
        return {
            subscription
            for index in (self._of_organization, self._of_customer)
            for subscriptions in index.values()
            for subscription in subscriptions
        }

    # Events.

    def begin(self, position: StreamPosition) -> None:
        """Start at this position of EVENTS. Joined streams get a gap event if it was another position before."""
        before, self.position = self.position, position
        self._clear(position.sequence)
        if before is not None:
            for subscription in self._joined():
                subscription.since = position.sequence
                subscription.queue(replaced_frame(before, position))
            self._report_loss()
            log.warning("events_replaced", before=str(before), now=str(position))

    def skip(self, first: int) -> None:
        """Report to joined streams that the events between the last one and the sequence `first` are lost."""
        assert self.position is not None  # noqa: S101 - set by begin
        for subscription in self._joined():
            subscription.queue(expired_frame(self.position, first))
        self._report_loss()
        self.position = StreamPosition(self.position.epoch, first - 1)
        self._clear(first - 1)

    def ready(self) -> None:
        """The ring has caught up with EVENTS, so streams that wait for this may begin."""
        if not self._ready:
            self._ready = True
            for subscription in self._open:
                subscription.wake()

    def deliver(self, event: StreamEvent) -> None:
        assert self.position is not None  # noqa: S101 - set by begin
        self._sequences.notice(event, self.position)
        self.position = StreamPosition(self.position.epoch, event.sequence)
        self._keep(event)
        for subscriptions in (self._of_organization.get(event.organization), self._of_customer.get(event.customer)):
            for subscription in subscriptions or ():
                if matches(subscription.event_filter, event):
                    subscription.offer(event)
        for observer in self._observers.get(event.organization, ()):
            observer.notice(event)

    def report_holes(self) -> None:
        """Report numbers that did not come to every joined stream that may see events of their customer: a stream with
        a filter cannot find out itself, because it does not get each number.
        """
        for hole in self._sequences.lost():
            assert self.position is not None  # noqa: S101 - set before the first event
            frame = lost_frame(hole.since, self.position, hole.owner, hole.first, hole.last)
            for streams in (self._of_organization.get(hole.organization), self._of_customer.get(hole.owner)):
                for subscription in streams or ():
                    subscription.queue(frame)
            for observer in self._observers.get(hole.organization, ()):
                observer.miss()
            log.warning("events_lost", owner=hole.owner, first=hole.first, last=hole.last)

    def after(self, position: StreamPosition, at_most: int) -> list[StreamEvent] | None:
        """At most so many events behind this position; None when the ring does not reach back to it."""
        if self.position is None or position.epoch != self.position.epoch or position.sequence < self._ring_since:
            return None
        first = bisect_right(self._ring, position.sequence, key=_sequence)
        return [self._ring[number] for number in range(first, min(first + at_most, len(self._ring)))]

    def _report_loss(self) -> None:
        for observers in self._observers.values():
            for observer in observers:
                observer.miss()

    def _keep(self, event: StreamEvent) -> None:
        self._ring.append(event)
        self._ring_bytes += len(event.frame)
        while len(self._ring) > self.limits.ring_events or self._ring_bytes > self.limits.ring_bytes:
            oldest = self._ring.popleft()
            self._ring_bytes -= len(oldest.frame)
            self._ring_since = oldest.sequence

    def _clear(self, since: int) -> None:
        self._ring.clear()
        self._ring_bytes = 0
        self._ring_since = since
        self._sequences.clear()


def _sequence(event: StreamEvent) -> int:
    return event.sequence
