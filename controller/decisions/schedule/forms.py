"""Which forms of requests the agents of a location read. Pure: `now` is the database's clock.

An agent ignores fields that it does not know, so a login in a form that it does not read would be left out of its
check. All agents of a location that know a kind fetch from one queue, so a form is used when every agent reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from controller.model import AgentSighting, Location

_REMEMBERED = timedelta(minutes=5)
"""Longer than an agent without heartbeats is ready: while PostgreSQL or the broker is away its heartbeats are lost, and
it fetches requests before the next one is stored.
"""


def forms_read(sightings: Iterable[AgentSighting], now: datetime) -> frozenset[str]:
    """What every agent of a location announced whose latest heartbeat is younger than five minutes; nothing when there
    is none.
    """
    known = [frozenset(agent.reads) for agent in sightings if now - agent.last_seen_at < _REMEMBERED]
    return frozenset.intersection(*known) if known else frozenset()


def with_forms(location: Location, sightings: Iterable[AgentSighting], now: datetime) -> Location:
    """The location with what its agents read."""
    return msgspec.structs.replace(location, reads=forms_read(sightings, now))
