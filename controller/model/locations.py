"""Locations that checks run from, and their agents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from shared.wire.messages import Unfitness


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place checks run from. Logins are sealed to `public_key` (shared.wire.sealing), and to `older_keys` as long as
    its agents may have an enrolment file with one of them. `nats_url` is the URL that was given for those files.
    `reads` are the forms of requests that its agents read (controller.decisions.schedule.forms); only requests need it.
    The moments are None where nothing is stored.
    """

    id: int
    code: str
    name: str
    country_code: str
    enabled: bool
    public_key: str
    older_keys: tuple[str, ...] = ()
    nats_url: str | None = None
    removed: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    reads: frozenset[str] = frozenset()


class AgentSighting(msgspec.Struct, frozen=True, kw_only=True):
    """The latest heartbeat of one agent of a location (shared.wire.messages.Heartbeat); `last_seen_at` is by the
    database's clock.
    """

    name: str
    kinds: list[str]
    version: str
    started_at: datetime
    last_seen_at: datetime
    running: int = 0
    waiting: int = 0
    capacity: int = 0
    loop_lag_ms: float = 0.0
    unfit: list[Unfitness] = []
    clock_offset_ms: float | None = None
    reads: list[str] = []


class LocationKey(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of an enrolment file: when it was made, when they end or ended (None: the newest), and when an agent
    last used them. `agents` are the names of those that do so now; `ended` by the database's clock.
    """

    created_at: datetime
    ends_at: datetime | None
    last_used_at: datetime | None
    ended: bool
    agents: list[str]


class MonitorTitle(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A monitor as lists name it."""

    name: str
    public_id: UUID
    kind: str


class AlikeMonitors(msgspec.Struct, frozen=True, kw_only=True):
    """Monitors that the same locations check, because they have the same effective countries (None: all), list of
    locations (None: all) and home location. There are `monitors` of them, of which somebody may see `visible`; `titles`
    are the first of those, by name.
    """

    allowed_check_country_codes: list[str] | None
    location_ids: list[int] | None
    home_location_id: int | None
    monitors: int
    visible: int
    titles: list[MonitorTitle]
