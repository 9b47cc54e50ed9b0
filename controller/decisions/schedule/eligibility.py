"""Which locations check a monitor, and which of them can do so now. Pure: `now` is the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

_SOUND = (Unfitness.PORT25_BLOCKED, Unfitness.NO_IPV4, Unfitness.RESOLVER_BROKEN)
"""What no agent of a sound location reports. Many have no IPv6, and few monitors need it."""


class Readiness(NamedTuple):
    """The ids of the locations that can do a check now, of those whose agents are all unfit for it, and of those with
    agents none of which knows its kind.
    """

    ready: frozenset[int]
    unfit: frozenset[int]
    kind_unknown: frozenset[int] = frozenset()


def configured(locations: Iterable[Location], country_codes: Sequence[str] | None) -> list[Location]:
    """The enabled locations in these countries, ready or not; None means every country."""
    return [location for location in locations if location.enabled and is_in(location, country_codes)]


def is_in(location: Location, country_codes: Sequence[str] | None) -> bool:
    """Whether the location is in one of these countries; None means every country."""
    return country_codes is None or location.country_code in country_codes


def alive(sightings: Iterable[AgentSighting], now: datetime) -> list[AgentSighting]:
    """The agents whose latest heartbeat is younger than READY_SECONDS."""
    return [sighting for sighting in sightings if now - sighting.last_seen_at < _READY]


def reasons_not_ready(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> list[str]:
    """Why the location cannot run every check: `disabled`, `no_heartbeat`, or what all its living agents report
    (`port25_blocked`, `no_ipv4`, `resolver_broken`); empty when it is ready.
    """
    living = alive(sightings, now)
    reasons = [] if location.enabled else ["disabled"]
    return reasons + ([unfit.value for unfit in unfit_everywhere(living)] if living else ["no_heartbeat"])


def unfit_everywhere(agents: Collection[AgentSighting]) -> list[Unfitness]:
    """What a sound location can do and none of these agents can."""
    return [unfit for unfit in _SOUND if agents and all(unfit in agent.unfit for agent in agents)]


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
    kind_unknown: set[int] = set()
    for number, kinds in abilities.items():
        agents = kinds.get(kind)
        if agents:
            (ready if any(obstacles.isdisjoint(agent) for agent in agents) else unfit).add(number)
        elif kinds:
            kind_unknown.add(number)
    return Readiness(frozenset(ready), frozenset(unfit), frozenset(kind_unknown))
