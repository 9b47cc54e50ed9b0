"""Which locations a monitor is checked from, and which of them can do it now. Pure: `now` is the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from controller.model import AgentSighting, Location
from shared.messages import READY_SECONDS

_READY = timedelta(seconds=READY_SECONDS)


def configured(locations: Iterable[Location], country_codes: Sequence[str] | None) -> list[Location]:
    """The enabled locations in these countries, ready or not; None means every country."""
    return [
        location
        for location in locations
        if location.enabled and (country_codes is None or location.country_code in country_codes)
    ]


def alive(sightings: Iterable[AgentSighting], now: datetime) -> list[AgentSighting]:
    """The agents whose latest heartbeat is younger than READY_SECONDS."""
    return [sighting for sighting in sightings if now - sighting.last_seen_at < _READY]


def reasons_not_ready(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> list[str]:
    """Why the location takes no checks: `disabled`, `no_heartbeat`; empty when it is ready."""
    reasons = []
    if not location.enabled:
        reasons.append("disabled")
    if not alive(sightings, now):
        reasons.append("no_heartbeat")
    return reasons


def ready_kinds(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> frozenset[str]:
    """The kinds of check that some agent of the location can run now; none while the location is disabled."""
    if not location.enabled:
        return frozenset()
    return frozenset(kind for sighting in alive(sightings, now) for kind in sighting.kinds)
