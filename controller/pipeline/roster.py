"""Who can check what, as every controller sees it: follows heartbeats, and keeps the broker's streams and consumers.

Heartbeats are recorded in the database, so a controller that has just started, or just become leader, knows as much as
the others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing

import msgspec
import structlog

from controller.decisions.eligibility import configured, ready_kinds
from controller.model import Location
from controller.store import locations as location_store
from controller.store.pool import Database, StoreUnavailableError
from shared import subjects
from shared.bus import Bus, BusError
from shared.clock import utc_now
from shared.messages import HEARTBEAT_SECONDS, Heartbeat
from shared.streams import ensure_check_consumer, ensure_streams
from shared.targets import KINDS

log = structlog.get_logger()

REFRESH_SECONDS = 1.0
_ENSURE_SECONDS = 30.0
_REMEMBERED_STRANGERS = 1_000


class Roster:
    """The locations, and which kinds of check each is ready for."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._locations: list[Location] = []
        self._ready: dict[int, frozenset[str]] = {}
        self._known_to_broker: frozenset[tuple[str, str]] = frozenset()
        self._ensure_at = 0.0
        self._listening_since: float | None = None
        self._strangers: set[str] = set()

    def configured(self, country_codes: Sequence[str] | None) -> list[Location]:
        """The enabled locations of these countries; of all when None."""
        return configured(self._locations, country_codes)

    def ready(self, kind: str) -> frozenset[int]:
        """The ids of the locations that can run this kind of check now."""
        return frozenset(number for number, kinds in self._ready.items() if kind in kinds)

    def complete(self) -> bool:
        """Whether every enabled location is ready, or has had the time for a heartbeat since we listen."""
        since = self._listening_since
        if since is not None and time.monotonic() - since > HEARTBEAT_SECONDS + 1:
            return True
        return bool(self._locations) and all(self._ready.get(here.id) for here in self._locations if here.enabled)

    async def refresh(self) -> None:
        """Read locations and heartbeats; tell the broker of new locations. Raises StoreUnavailableError, BusError."""
        locations = await location_store.all_locations(self._db)
        sightings = await location_store.sightings(self._db)
        now = utc_now()
        self._ready = {here.id: ready_kinds(here, sightings.get(here.id, []), now) for here in locations}
        self._locations = locations
        await self._ensure()

    async def _ensure(self) -> None:
        """Streams and consumers, when a location is new, and now and then in case the broker lost its data."""
        wanted = frozenset((here.country_code, here.code) for here in self._locations)
        if wanted == self._known_to_broker and time.monotonic() < self._ensure_at:
            return
        self._known_to_broker = frozenset()
        await ensure_streams(self._bus)
        for country, location in wanted:
            for kind in KINDS:
                await ensure_check_consumer(self._bus, country=country, location=location, kind=kind)
        self._known_to_broker = wanted
        self._ensure_at = time.monotonic() + _ENSURE_SECONDS

    async def follow_heartbeats(self) -> None:
        """Record heartbeats until the connection is closed for good. Raises BusError."""
        await self._bus.wait_connected()
        async with aclosing(self._bus.listen(subjects.ALL_AGENTS)) as messages:
            self._listening_since = time.monotonic()
            try:
                async for subject, body in messages:
                    await self._heard(subject, body)
            finally:
                self._listening_since = None
        raise BusError("the subscription to heartbeats ended")

    async def _heard(self, subject: str, body: bytes) -> None:
        try:
            heartbeat = msgspec.json.decode(body, type=Heartbeat)
            if subject != subjects.agent(heartbeat.country, heartbeat.location, heartbeat.agent):
                raise ValueError("the heartbeat does not belong to its subject")
            if not await location_store.record_heartbeat(self._db, heartbeat):
                raise ValueError("unknown location, or not in this country")
        except StoreUnavailableError:
            return  # the next one comes in ten seconds
        except (ValueError, msgspec.MsgspecError) as error:
            if subject not in self._strangers and len(self._strangers) < _REMEMBERED_STRANGERS:
                self._strangers.add(subject)
                log.warning("heartbeat_refused", subject=subject, reason=str(error))
        except Exception:
            log.exception("heartbeat_failed", subject=subject)
        else:
            self._strangers.discard(subject)
