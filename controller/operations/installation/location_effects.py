"""What it means for monitors that a location is disabled, enabled, given new keys or removed, before it happens."""

from __future__ import annotations

from controller.decisions.access import limits_to
from controller.decisions.schedule.location_effects import (
    MOST_NAMED,
    LocationEffects,
    location_effects,
    only_visible,
)
from controller.errors import NotFoundError
from controller.model import Principal
from controller.operations.installation.managed_locations import manages_locations
from controller.store.locations import locations
from controller.store.monitors.alike import alike_monitors
from controller.store.platform.pool import Database


async def effects_of(database: Database, principal: Principal, code: str) -> LocationEffects:
    """Of all monitors of the installation for those who may change locations, and for others of those that they may
    see; only these are named to anybody. Raises NotFoundError.
    """
    present = await locations.present_locations(database)
    here = next((one for one in present if one.code == code), None)
    if here is None:
        raise NotFoundError
    groups = await alike_monitors(
        database, organization_id=limits_to(principal), customer_ids=principal.customer_ids, most=MOST_NAMED
    )
    if not await manages_locations(database, principal):
        groups = only_visible(groups)
    return location_effects(groups, present, here)
