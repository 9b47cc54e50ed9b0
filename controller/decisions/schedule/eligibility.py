"""Which locations check a monitor, and which of them can do so now. Pure: `now` is the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from controller.model import AgentSighting, Location
from shared.wire.messages import READY_SECONDS, Unfitness

_READY = timedelta(seconds=READY_SECONDS)

Obstacles: TypeAlias = frozenset[Unfitness]
"""Deficiencies any of which keeps an agent from doing a check."""

Abilities: TypeAlias = Mapping[str, AbstractSet[Obstacles]]
"""For each kind that a location can check now, the deficiencies of its agents: one set for all agents with the same."""

FIT: Obstacles = frozenset()


class Readiness(NamedTuple):
    """The ids of the locations that can do a check now, and of those whose agents are all unfit for it."""

    ready: frozenset[int]
    unfit: frozenset[int]


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
    """Why the location runs no checks: `disabled`, `no_heartbeat`; empty when it is ready."""
    reasons = []
    if not location.enabled:
        reasons.append("disabled")
    if not alive(sightings, now):
        reasons.append("no_heartbeat")
    return reasons


def abilities(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> Abilities:
    """What the agents of the location can check now; nothing while the location is disabled."""
    found: dict[str, set[Obstacles]] = {}
    for sighting in alive(sightings, now) if location.enabled else ():
        unfit = frozenset(sighting.unfit)
        for kind in sighting.kinds:
            found.setdefault(kind, set()).add(unfit)
    return found


def readiness(abilities: Mapping[int, Abilities], kind: str, obstacles: Obstacles) -> Readiness:
    """`abilities` is by location id. A location is unfit when every agent that knows the kind has one of these
    obstacles.
    """
    ready: set[int] = set()
    unfit: set[int] = set()
    for number, kinds in abilities.items():
        agents = kinds.get(kind)
        if agents:
            (ready if any(obstacles.isdisjoint(agent) for agent in agents) else unfit).add(number)
    return Readiness(frozenset(ready), frozenset(unfit))
