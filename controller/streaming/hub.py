"""What one controller tells its streams: the latest events, kept in a bounded ring, and the streams that are open.

Everything here happens at once, without waiting, so an event is told to all or to none of them.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable

import msgspec
import structlog

from controller.errors import LimitedError
from controller.streaming.event_filter import Wanted, wants
from controller.streaming.frames import EndReason, Place, expired_frame, replaced_frame
from controller.streaming.stream_event import Told
from controller.streaming.subscription import Bounds, Holder, Subscription

log = structlog.get_logger()

_RETRY_SECONDS = 10


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many events the ring holds, how many streams there may be, and how many of them may read EVENTS at once."""

    ring_events: int = 20_000
    ring_bytes: int = 32 * 1024 * 1024
    streams: int = 10_000
    streams_of_one: int = 100
    readers: int = 16


class Room:
    """`place` is behind the last event told; None until EVENTS was reached for the first time."""

    def __init__(self, limits: Limits | None = None, bounds: Bounds | None = None) -> None:
        self.limits = limits or Limits()
        self.bounds = bounds or Bounds()
        self.place: Place | None = None
        self.reading = asyncio.Semaphore(self.limits.readers)
        self._ready = False
        self._stopping = False
        self._ring: deque[Told] = deque()
        self._ring_bytes = 0
        self._ring_since = 0
        self._open: set[Subscription] = set()
        self._open_of: Counter[str] = Counter()
        self._of_organization: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._of_customer: defaultdict[str, set[Subscription]] = defaultdict(set)

    # The streams.

    @property
    def now(self) -> Place | None:
        """Where a stream that asks for nothing older begins; None until EVENTS was reached."""
        return self.place if self._ready else None

    def open(self, wanted: Wanted, holder: Holder) -> Subscription:
        """Raises LimitedError. Whoever opens one closes it."""
        if self._open_of[holder.name] >= self.limits.streams_of_one:
            raise LimitedError(f"Too many open streams: {self.limits.streams_of_one} at most", _RETRY_SECONDS)
        if len(self._open) >= self.limits.streams:
            raise LimitedError("Too many open streams on this controller", _RETRY_SECONDS)
        subscription = Subscription(wanted, holder, self.bounds)
        self._open.add(subscription)
        self._open_of[holder.name] += 1
        if self._stopping:
            subscription.end(EndReason.STOPPING)
        return subscription

    def join(self, subscription: Subscription, since: int) -> None:
        """From now on it is told every event it wants with a sequence above that."""
        subscription.since = since
        for index, key in self._places_of(subscription):
            index[key].add(subscription)

    def close(self, subscription: Subscription) -> None:
        self._open.discard(subscription)
        name = subscription.holder.name
        self._open_of[name] -= 1
        if not self._open_of[name]:
            del self._open_of[name]
        for index, key in self._places_of(subscription):
            index[key].discard(subscription)
            if not index[key]:
                del index[key]

    def streams(self) -> list[Subscription]:
        """Those that are open."""
        return list(self._open)

    def stop(self) -> None:
        """End every stream, also those that are opened from now on."""
        self._stopping = True
        for subscription in self._open:
            subscription.end(EndReason.STOPPING)

    def _places_of(self, subscription: Subscription) -> Iterable[tuple[defaultdict[str, set[Subscription]], str]]:
        wanted = subscription.wanted
        if wanted.customers is None:
            yield self._of_organization, wanted.organization
        else:
            for customer in wanted.customers:
                yield self._of_customer, customer

    def _joined(self) -> set[Subscription]:
        return {
            subscription
            for index in (self._of_organization, self._of_customer)
            for those in index.values()
            for subscription in those
        }

    # The events.

    def begin(self, place: Place) -> None:
        """EVENTS is read from here on. Those who follow are told when it is another stream than before."""
        before, self.place = self.place, place
        self._clear(place.sequence)
        if before is not None:
            for subscription in self._joined():
                subscription.since = place.sequence
                subscription.queue(replaced_frame(before, place))
            log.warning("events_replaced", before=str(before), now=str(place))

    def skip(self, first: int) -> None:
        """What came between the last event told and this one is not kept any more."""
        assert self.place is not None  # noqa: S101 - it began
        for subscription in self._joined():
            subscription.queue(expired_frame(self.place, first))
        self.place = Place(self.place.life, first - 1)
        self._clear(first - 1)

    def ready(self) -> None:
        """All that was there at the start is in the ring: those who wait for that may begin."""
        if not self._ready:
            self._ready = True
            for subscription in self._open:
                subscription.rouse()

    def tell(self, told: Told) -> None:
        assert self.place is not None  # noqa: S101 - it began
        self.place = Place(self.place.life, told.sequence)
        self._keep(told)
        for those in (self._of_organization.get(told.organization), self._of_customer.get(told.customer)):
            for subscription in those or ():
                if wants(subscription.wanted, told):
                    subscription.offer(told)

    def after(self, place: Place, at_most: int) -> list[Told] | None:
        """The events behind this place; None when the ring does not reach back to it."""
        if self.place is None or place.life != self.place.life or place.sequence < self._ring_since:
            return None
        first = bisect_right(self._ring, place.sequence, key=_sequence)
        return [self._ring[number] for number in range(first, min(first + at_most, len(self._ring)))]

    def _keep(self, told: Told) -> None:
        self._ring.append(told)
        self._ring_bytes += len(told.frame)
        while len(self._ring) > self.limits.ring_events or self._ring_bytes > self.limits.ring_bytes:
            oldest = self._ring.popleft()
            self._ring_bytes -= len(oldest.frame)
            self._ring_since = oldest.sequence

    def _clear(self, since: int) -> None:
        self._ring.clear()
        self._ring_bytes = 0
        self._ring_since = since


def _sequence(told: Told) -> int:
    return told.sequence
