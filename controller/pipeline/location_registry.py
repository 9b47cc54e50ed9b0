"""The locations and what each can check now: follows heartbeats, and keeps the broker's streams and consumers.

Heartbeats are stored in the database, so a controller that has just started, or has just become leader, knows as much
as the others.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress

import msgspec
import structlog

from controller.broker.streams import ensure_check_consumer, ensure_streams, remove_check_consumers
from controller.decisions.canaries import canary_kinds
from controller.decisions.schedule.eligibility import (
    FIT,
    Abilities,
    Obstacles,
    Readiness,
    abilities,
    configured,
    readiness,
)
from controller.decisions.schedule.forms import with_forms
from controller.kinds.obstacles import obstacles
from controller.metrics.counts import Counts
from controller.model import Location, ScheduledMonitor
from controller.pipeline.signing.checking import SignatureCheck
from controller.store.locations import locations as location_store
from controller.store.platform.pool import Database, StoreUnavailableError, UnstorableError
from shared.nats.bus import Bus
from shared.nats.deliveries import CoreMessage
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import BATCHES, HEARTBEAT_SECONDS, ClockReading, Heartbeat
from shared.wire.signing import Signer
from shared.wire.targets import KINDS

log = structlog.get_logger()

REFRESH_SECONDS = 1.0
_ENSURE_SECONDS = 30.0
_MOST_REFUSED_SUBJECTS = 1_000
_LONGEST_REASON = 500
_VOUCHED_MS = 10_000.0
"""How far the broker's clock may differ from ours for us to sign its reading. Somebody who controls the broker also
sets its clock, and could make an agent run a request twice by moving its clock by more than half a minute
(agent.intake.acceptance).
"""


class LocationRegistry:
    """The locations, and which checks each can do now."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        signer: Signer,
        counts: Counts | None = None,
        *,
        clock: BrokerClock | None = None,
    ) -> None:
        self._db = db
        self._signatures = SignatureCheck(db, counts)
        self._bus = bus
        self._signer = signer
        self._locations: list[Location] = []
        self._abilities: dict[int, Abilities] = {}
        self._readiness: dict[tuple[str, Obstacles], Readiness] = {}
        self._canary_kinds: dict[int, list[str]] = {}
        self._any_unfit = False
        self._known_to_broker: frozenset[tuple[str, str]] = frozenset()
        self._gone_from_broker: frozenset[str] = frozenset()
        self._ensure_at = 0.0
        self._clock = clock or BrokerClock()
        self._measure_at = 0.0
        self._listening_since: float | None = None
        self._refused_subjects: set[str] = set()

    @property
    def locations(self) -> Sequence[Location]:
        """All locations, enabled or not, but for removed ones."""
        return self._locations

    @property
    def canary_kinds(self) -> Mapping[int, Sequence[str]]:
        """The kinds of check through which each location gets canaries, by location id."""
        return self._canary_kinds

    @property
    def clock_offset_ms(self) -> float | None:
        """How far this machine's clock is ahead of the broker's."""
        return self._clock.offset_ms

    def configured(self, country_codes: Sequence[str] | None) -> list[Location]:
        """The enabled locations of these countries; None is all countries."""
        return configured(self._locations, country_codes)

    def readiness(self, monitor: ScheduledMonitor) -> Readiness:
        """Which locations can check this monitor now. A monitor's obstacles are worked out only while an agent reports
        that it is unfit for anything, because this runs for every round.
        """
        key = (monitor.kind, obstacles(monitor) if self._any_unfit else FIT)
        known = self._readiness.get(key)
        if known is None:
            known = self._readiness[key] = readiness(self._abilities, *key)
        return known

    def complete(self) -> bool:
        """Whether every enabled location is ready, or has had the time for a heartbeat since this controller
        listens.
        """
        since = self._listening_since
        if since is not None and time.monotonic() - since > HEARTBEAT_SECONDS + 1:
            return True
        return bool(self._locations) and all(self._abilities.get(here.id) for here in self._locations if here.enabled)

    async def refresh(self) -> None:
        """Read locations and heartbeats; make the consumers of new locations and remove those of removed ones.

        Raises StoreUnavailableError, BusError.
        """
        every = await location_store.all_locations(self._db)
        now, sightings = await location_store.sightings(self._db)
        locations = [with_forms(here, sightings.get(here.id, []), now) for here in every if not here.removed]
        self._remember(locations, {here.id: abilities(here, sightings.get(here.id, []), now) for here in locations})
        self._canary_kinds = {here.id: canary_kinds(here, sightings.get(here.id, []), now) for here in locations}
        await self._ensure()
        await self._clear(frozenset(here.code for here in every if here.removed))
        await self._measure_clock()

    def _remember(self, locations: list[Location], abilities: dict[int, Abilities]) -> None:
        self._locations = locations
        self._abilities = abilities
        self._readiness = {}
        self._any_unfit = any(unfit for kinds in abilities.values() for agents in kinds.values() for unfit in agents)

    async def _ensure(self) -> None:
        """Make missing streams and consumers when a location is new, and every half minute in case the broker lost its
        data.
        """
        current = frozenset((here.country_code, here.code) for here in self._locations)
        if current == self._known_to_broker and time.monotonic() < self._ensure_at:
            return
        self._known_to_broker = frozenset()
        await ensure_streams(self._bus)
        for country, location in current:
            for kind in KINDS:
                await ensure_check_consumer(self._bus, country=country, location=location, kind=kind)
        self._known_to_broker = current
        self._ensure_at = time.monotonic() + _ENSURE_SECONDS

    async def _clear(self, removed: frozenset[str]) -> None:
        """Remove the consumers of removed locations: no agent fetches from them any more."""
        if gone := removed - self._gone_from_broker:
            await remove_check_consumers(self._bus, gone)
        self._gone_from_broker = removed

    async def follow_heartbeats(self) -> None:
        """Record heartbeats until the connection is closed for good. Raises BusError."""
        await self._bus.require_connected()
        async with aclosing(self._bus.listen(subjects.ALL_AGENTS)) as messages:
            self._listening_since = time.monotonic()
            try:
                async for message in messages:
                    await self._take_heartbeat(message)
            finally:
                self._listening_since = None
        raise BusError("the subscription to heartbeats ended")

    async def _take_heartbeat(self, message: CoreMessage) -> None:
        subject = message.subject
        if not message.body:  # a request for the time only
            await self._send_time(message)
            return
        try:
            heartbeat = msgspec.json.decode(message.body, type=Heartbeat)
            if subject != subjects.agent(heartbeat.country, heartbeat.location, heartbeat.agent):
                raise ValueError("the heartbeat does not belong to its subject")
            await self._send_time(message)
            signed_by = await self._signatures.heartbeat(message, heartbeat)
            if not await location_store.record_heartbeat(self._db, heartbeat, signed_by=signed_by):
                raise ValueError("unknown location, or not in this country")
        except StoreUnavailableError:
            return  # the next one comes in ten seconds
        except (ValueError, RecursionError, msgspec.MsgspecError, UnstorableError) as error:
            if subject not in self._refused_subjects and len(self._refused_subjects) < _MOST_REFUSED_SUBJECTS:
                self._refused_subjects.add(subject)
                log.warning("heartbeat_refused", subject=subject, reason=str(error)[:_LONGEST_REASON])
        except Exception:
            log.exception("heartbeat_failed", subject=subject)
        else:
            self._refused_subjects.discard(subject)

    async def _send_time(self, message: CoreMessage) -> None:
        reply_to = message.reply_to
        # The sender names the subject of the answer, and a controller may publish on every subject. Only inboxes are
        # used.
        if reply_to is not None and reply_to.startswith((subjects.INBOXES, subjects.CROSS_ACCOUNT_PREFIX)):
            now = self._clock.broker_now()
            vouched = abs(self._clock.offset_ms or 0.0) <= _VOUCHED_MS
            signature = self._signer.reading(now, message.subject, message.body) if vouched else ""
            reading = ClockReading(now=now, signature=signature, reads=[BATCHES])
            with suppress(BusError):  # the agent requests it again with its next heartbeat
                await self._bus.send(reply_to, msgspec.json.encode(reading))

    async def _measure_clock(self) -> None:
        """Measure this machine's clock against the broker's, whose time agents are sent. Raises BusError."""
        if time.monotonic() >= self._measure_at:
            sent_at = time.monotonic()
            self._clock.observe(await self._bus.clock(subjects.CHECKS), sent_at)
            self._measure_at = time.monotonic() + HEARTBEAT_SECONDS
