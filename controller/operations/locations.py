"""Where checks run from, and what each location can do now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.decisions.eligibility import alive, ready_kinds, reasons_not_ready
from controller.model import AgentSighting, Location
from controller.store import locations as store
from controller.store.pool import Database


class LocationState(msgspec.Struct, frozen=True, kw_only=True):
    """A location as it stands now. `kinds` it can check, `agents` with a fresh heartbeat; none ever seen: None."""

    location: Location
    reasons: list[str]
    kinds: list[str]
    agents: int
    last_seen_at: datetime | None


async def list_locations(database: Database, now: datetime) -> list[LocationState]:
    """Every location, by code. Locations are everybody's: they belong to no organization."""
    locations = await store.all_locations(database)
    sightings = await store.sightings(database)
    return [_state(location, sightings.get(location.id, []), now) for location in locations]


def _state(location: Location, sightings: list[AgentSighting], now: datetime) -> LocationState:
    return LocationState(
        location=location,
        reasons=reasons_not_ready(location, sightings, now),
        kinds=sorted(ready_kinds(location, sightings, now)),
        agents=len(alive(sightings, now)),
        last_seen_at=max((sighting.last_seen_at for sighting in sightings), default=None),
    )
