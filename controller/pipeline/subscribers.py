"""Keep a consumer of EVENTS for every subscriber whose credentials are valid, and remove all other consumers."""

from __future__ import annotations

from time import monotonic

import structlog

from controller.broker.streams import ensure_event_consumer, ensure_streams, event_consumers, remove_event_consumer
from controller.store.accounts import subscribers
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.wire import subjects

log = structlog.get_logger()

KEEP_SECONDS = 2.0
_REVIEW_SECONDS = 30.0


class SubscriberConsumers:
    """`keep` is called every few seconds. It queries the broker only when the subscribers have changed, and every half
    minute in case the stream was made anew.
    """

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._kept: set[str] = set()
        self._review_at = 0.0

    async def keep(self) -> None:
        """Raises StoreUnavailableError, BusError."""
        filters = {
            each.consumer: subjects.events_of(each.organization, each.customer)
            for each in await subscribers.active_subscribers(self._db)
        }
        if filters.keys() == self._kept and monotonic() < self._review_at:
            return
        await self._bus.require_connected()
        await ensure_streams(self._bus)
        there = {name for name in await event_consumers(self._bus) if subjects.is_subscriber(name)}
        for name in filters.keys() - there:
            await ensure_event_consumer(self._bus, durable=name, subject=filters[name])
            log.info("subscriber_added", consumer=name)
        for name in there - filters.keys():
            await remove_event_consumer(self._bus, durable=name)
            log.info("subscriber_removed", consumer=name)
        self._kept = set(filters)
        self._review_at = monotonic() + _REVIEW_SECONDS
