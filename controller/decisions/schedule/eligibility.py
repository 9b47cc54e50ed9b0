"""Which locations a monitor is checked from, and which of them can do it now. Pure: `now` is the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple, TypeAlias

from controller.errors import InvalidError
from controller.kinds import Configured, target_of
from controller.model import AgentSighting, Location
from shared.wire.messages import READY_SECONDS, Unfitness
from shared.wire.targets import IpFamily

_READY = timedelta(seconds=READY_SECONDS)
_PORT_OF_MAIL_EXCHANGERS = 25
_LOOPBACK_NAME = "localhost"

Obstacles: TypeAlias = frozenset[Unfitness]
"""What an agent must not be unfit by to do a check."""

Abilities: TypeAlias = Mapping[str, AbstractSet[Obstacles]]
"""For each kind that a location can check now, what its agents are unfit by: one set for all agents alike."""

FIT: Obstacles = frozenset()


class Readiness(NamedTuple):
    """The ids of the locations that can do a check now, and of those whose agents, all of them, are unfit for it."""

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
    """Why the location takes no checks: `disabled`, `no_heartbeat`; empty when it is ready."""
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


def obstacles(monitor: Configured) -> Obstacles:
    """What would keep an agent from checking this monitor.

    An address that is not public is inside the agent's own networks, where none of this need hold; `localhost` is
    resolved without a server (RFC 6761 section 6.3). A config that makes no target has none: it is told elsewhere.
    """
    try:
        target = target_of(monitor)
    except InvalidError:
        return FIT
    found: set[Unfitness] = set()
    family = target.ip_family
    try:
        address = ip_address(target.address or target.host)
    except ValueError:
        if target.host == _LOOPBACK_NAME or target.host.endswith(f".{_LOOPBACK_NAME}"):
            return FIT
        found.add(Unfitness.RESOLVER_BROKEN)
    else:
        if not address.is_global:
            return FIT
        family = IpFamily.IPV4 if address.version == 4 else IpFamily.IPV6
    if family is not IpFamily.ANY:
        found.add(Unfitness.NO_IPV4 if family is IpFamily.IPV4 else Unfitness.NO_IPV6)
    if target.port == _PORT_OF_MAIL_EXCHANGERS:
        found.add(Unfitness.PORT25_BLOCKED)
    return frozenset(found)


def readiness(abilities: Mapping[int, Abilities], kind: str, obstacles: Obstacles) -> Readiness:
    """`abilities` by location id. A location is unfit when no agent that knows the kind is without these obstacles."""
    ready: set[int] = set()
    unfit: set[int] = set()
    for number, kinds in abilities.items():
        agents = kinds.get(kind)
        if agents:
            (ready if any(obstacles.isdisjoint(agent) for agent in agents) else unfit).add(number)
    return Readiness(frozenset(ready), frozenset(unfit))
