"""Run a monitor's checks now, and read the results of recent checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.decisions.schedule.eligibility import abilities, alive, configured, readiness
from controller.decisions.schedule.forms import with_forms
from controller.decisions.schedule.hindrances import NOT_CHECKED, hindrance
from controller.decisions.schedule.rotation import pool
from controller.errors import NoActiveLocationsError, NoEligibleLocationsError, NotFoundError, UnfitLocationsError
from controller.kinds.obstacles import deficiencies, obstacles
from controller.model import CheckRecord, Location, Principal, ScheduledMonitor
from controller.operations.monitors.monitors import Kinds, get_monitor, monitor_for
from controller.store.checks import history
from controller.store.locations import locations as location_store
from controller.store.monitors.scheduled import monitor_to_trigger
from controller.store.platform.pool import Database


class TriggeredDispatch(Protocol):
    """Gives checks to the broker."""

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> datetime:
        """Check from these locations now. Returns the moment at which these checks are due, when the broker has every
        request. Raises shared.nats.errors.BusError.
        """


class Triggered(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one monitor that the broker accepted. `warnings` say why they may find nothing out."""

    monitor_id: int
    due_at: datetime
    locations: list[Location]
    warnings: list[str]


async def trigger_check(
    database: Database,
    dispatcher: TriggeredDispatch,
    principal: Principal,
    kinds: Kinds,
    public_id: UUID,
    *,
    location_id: int | None = None,
    at_one: bool = False,
) -> Triggered:
    """Check from every eligible location now, also when the monitor is disabled: only from this location, or `at_one`,
    which is the monitor's home location if that is eligible.

    Raises NotFoundError, ForbiddenError, NoEligibleLocationsError when the country list leaves no enabled location,
    UnfitLocationsError when there are agents there, but none that can run such a check, NoActiveLocationsError when
    there are none, and BusError.
    """
    found = await monitor_for(database, principal, Permission.TRIGGER, kinds, public_id)
    monitor = await monitor_to_trigger(database, found.id)
    if monitor is None:
        raise NotFoundError
    enabled = configured(await location_store.all_locations(database), None)
    chosen = pool(monitor, configured(enabled, monitor.allowed_check_country_codes))
    if location_id is not None:
        chosen = [here for here in chosen if here.id == location_id]
    if enabled and not chosen:
        raise NoEligibleLocationsError
    now, sightings = await location_store.sightings(database)
    able = {here.id: abilities(here, sightings.get(here.id, []), now) for here in chosen}
    ready, unfit, kind_unknown = readiness(able, monitor.kind, obstacles(monitor))
    eligible = [with_forms(here, sightings.get(here.id, []), now) for here in chosen if here.id in ready]
    eligible = eligible[:1] if at_one else eligible
    living = {here.id: alive(sightings.get(here.id, []), now) for here in chosen}
    if (unfit or kind_unknown) and not eligible:
        raise UnfitLocationsError(hindrance(monitor.kind, deficiencies(monitor), chosen, living, ()))
    if not eligible:
        raise NoActiveLocationsError
    due_at = await dispatcher.dispatch_triggered(monitor, eligible)
    doubt = hindrance(monitor.kind, deficiencies(monitor), eligible, living, ready).removeprefix(NOT_CHECKED)
    return Triggered(monitor_id=monitor.id, due_at=due_at, locations=eligible, warnings=[doubt] if doubt else [])


async def check_history(
    database: Database, principal: Principal, kinds: Kinds, public_id: UUID, *, limit: int
) -> list[CheckRecord]:
    """The latest results, newest round first. Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kinds, public_id)
    return await history.check_history(database, monitor.id, monitor.public_id, limit=limit)
