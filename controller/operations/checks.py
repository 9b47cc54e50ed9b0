"""Run a monitor's checks now, and read what checks found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from controller.decisions.eligibility import configured, ready_kinds
from controller.errors import NoActiveLocationsError, NoEligibleLocationsError, NotFoundError
from controller.model import CheckRecord, Location, Principal, ScheduledMonitor
from controller.operations.monitors import get_monitor
from controller.store import history
from controller.store import locations as location_store
from controller.store.pool import Database
from controller.store.scheduled import monitor_to_trigger


class Dispatcher(Protocol):
    """Gives checks to the broker."""

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> None:
        """Ask these locations now; returns when the broker has every request. Raises shared.bus.BusError."""


class Triggered(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one monitor that the broker has taken."""

    monitor_id: int
    locations: list[Location]


async def trigger_check(
    database: Database, dispatcher: Dispatcher, principal: Principal, kind: str, public_id: UUID, now: datetime
) -> Triggered:
    """Ask every eligible location now, also of a disabled monitor.

    Raises NotFoundError, ForbiddenError, NoEligibleLocationsError when the country list leaves no enabled location,
    NoActiveLocationsError when there is no other that could check now, and BusError.
    """
    found = await get_monitor(database, principal, kind, public_id)
    monitor = await monitor_to_trigger(database, found.id)
    if monitor is None:
        raise NotFoundError
    enabled = configured(await location_store.all_locations(database), None)
    chosen = configured(enabled, monitor.allowed_check_country_codes)
    if enabled and not chosen:
        raise NoEligibleLocationsError
    sightings = await location_store.sightings(database)
    eligible = [here for here in chosen if kind in ready_kinds(here, sightings.get(here.id, []), now)]
    if not eligible:
        raise NoActiveLocationsError
    await dispatcher.dispatch_triggered(monitor, eligible)
    return Triggered(monitor_id=monitor.id, locations=eligible)


async def check_history(
    database: Database, principal: Principal, kind: str, public_id: UUID, *, limit: int
) -> list[CheckRecord]:
    """Newest round first. Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kind, public_id)
    return await history.check_history(database, monitor.id, monitor.public_id, limit=limit)
