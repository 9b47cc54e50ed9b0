"""Keep a consumer of EVENTS for every subscriber whose credentials are good, and remove those of the others."""

from __future__ import annotations

from time import monotonic

import structlog

from controller.broker.streams import ensure_event_consumer, event_consumers, remove_event_consumer
from controller.store.accounts import subscribers
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.wire import subjects

log = structlog.get_logger()

KEEP_SECONDS = 2.0
_LOOK_SECONDS = 30.0


class SubscriberConsumers:
    """`keep` is called again and again; the broker itself is asked only now and then, for its stream may be new."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._kept: set[str] = set()
        self._look_at = 0.0

    async def keep(self) -> None:
        """Raises StoreUnavailableError, BusError."""
        wanted = {
            each.consumer: subjects.events_of(each.organization, each.customer)
            for each in await subscribers.at_work(self._db)
        }
        if wanted.keys() == self._kept and monotonic() < self._look_at:
            return
        await self._bus.wait_connected()
        there = {name for name in await event_consumers(self._bus) if subjects.is_subscriber(name)}
        for name in wanted.keys() - there:
            await ensure_event_consumer(self._bus, durable=name, subject=wanted[name])
            log.info("subscriber_added", consumer=name)
        for name in there - wanted.keys():
            await remove_event_consumer(self._bus, durable=name)
            log.info("subscriber_removed", consumer=name)
        self._kept = set(wanted)
        self._look_at = monotonic() + _LOOK_SECONDS
