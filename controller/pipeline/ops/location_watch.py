"""Warn the operators, once, of locations that are silent or send unexpected results, and of agents whose clock is off;
and notify them once more when that is over. A location that they have under maintenance may be silent.

Every controller watches, and the database lets one of them send the warning. A location counts as silent only if
this controller could have received its heartbeats: the watch begins again after this controller, its database or its
broker was away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from controller.decisions.notification.ops_notices import (
    QUIET_SECONDS,
    SILENT_SECONDS,
    clocks_off,
    clocks_right,
    is_reporting,
    newly_back,
    newly_silent,
    newly_suspicious,
    suspicious_no_more,
)
from controller.metrics.counts import SUSPICIOUS
from controller.notify.ops import locations as ops_messages
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.checks import dead_letters
from controller.store.checks.dead_letters import DeadLetterCount
from controller.store.locations.locations import present_locations
from controller.store.maintenance.at_locations import maintained_by_operators
from controller.store.notifications import ops_notices as store
from controller.store.notifications.ops_notices import LocationContact
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire import subjects

WATCH_SECONDS = 2.0
_LONGEST_PAUSE = 10.0


class LocationWatch:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL; `clock` gives monotonic seconds."""

    def __init__(
        self, db: Database, bus: Bus, addresses: Sequence[str] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._bus = bus
        self._addresses = addresses
        self._clock = clock
        self._since = self._reviewed_at = float("-inf")
        self._back_since: dict[str, float] = {}

    async def review(self) -> None:
        """Check all locations and agents once. Raises StoreUnavailableError."""
        if not self._bus.connected:
            return
        contacts = await store.contacts(self._db)
        now = self._clock()
        if now - self._reviewed_at > _LONGEST_PAUSE:
            self._since = now
        self._reviewed_at = now
        await self._review_silences({here.code: here for here in contacts}, now)
        await self._review_clocks()
        await self._review_unexpected()

    async def _review_silences(self, contacts: Mapping[str, LocationContact], now: float) -> None:
        known = await store.known(self._db, TroubleKind.LOCATION_SILENT)
        await self._forget(TroubleKind.LOCATION_SILENT, known - contacts.keys())
        warned = known & contacts.keys()
        silences = {code: here.silence for code, here in contacts.items()}
        self._back_since = {code: self._back_since.get(code, now) for code in warned if is_reporting(silences[code])}
        back = newly_back({code: now - since for code, since in self._back_since.items()}, warned)
        if back:
            await notices.end(
                self._db,
                self._addresses,
                TroubleKind.LOCATION_SILENT,
                back,
                lambda over: ops_messages.locations_back(over, contacts),
                utc_now(),
            )
        if now - self._since < SILENT_SECONDS:
            return
        planned = await maintained_by_operators(self._db, utc_now())
        silent = newly_silent({code: one for code, one in silences.items() if code not in planned}, warned)
        if silent:
            await notices.begin(
                self._db,
                self._addresses,
                TroubleKind.LOCATION_SILENT,
                [(code, contacts[code].last_seen_at) for code in silent],
                lambda new: ops_messages.locations_silent(new, contacts),
                utc_now(),
            )

    async def _review_clocks(self) -> None:
        offsets = await store.clock_offsets(self._db, SILENT_SECONDS)
        known = await store.known(self._db, TroubleKind.CLOCK_OFF)
        await self._forget(TroubleKind.CLOCK_OFF, known - offsets.keys())
        right = clocks_right(offsets, known)
        if right:
            await notices.end(
                self._db, self._addresses, TroubleKind.CLOCK_OFF, right, ops_messages.clocks_right, utc_now()
            )
        off = clocks_off(offsets, known)
        if off:
            now = utc_now()
            await notices.begin(
                self._db,
                self._addresses,
                TroubleKind.CLOCK_OFF,
                [(agent, now) for agent in off],
                lambda new: ops_messages.clocks_off(new, offsets),
                now,
            )

    async def _review_unexpected(self) -> None:
        """Warn of locations that sent results of checks that were not dispatched."""
        now = utc_now()
        locations = {subjects.result(here.country_code, here.code): here for here in await present_locations(self._db)}
        async with self._db.connection() as connection:
            recent = await dead_letters.recent_counts(connection, now - timedelta(seconds=QUIET_SECONDS), SUSPICIOUS)
        by_location: dict[str, list[DeadLetterCount]] = {}
        for counted in recent:
            if counted.subject in locations:
                by_location.setdefault(locations[counted.subject].code, []).append(counted)
        ago = {code: (now - counted[0].last_at).total_seconds() for code, counted in by_location.items()}
        names = {here.code: here.name for here in locations.values()}
        known = await store.known(self._db, TroubleKind.UNEXPECTED_RESULTS)
        await self._forget(TroubleKind.UNEXPECTED_RESULTS, known - names.keys())
        over = suspicious_no_more(ago, known & names.keys())
        if over:
            await notices.end(
                self._db,
                self._addresses,
                TroubleKind.UNEXPECTED_RESULTS,
                over,
                ops_messages.no_more_unrequested_results,
                now,
            )
        new = newly_suspicious(ago, known)
        if new:
            await notices.begin(
                self._db,
                self._addresses,
                TroubleKind.UNEXPECTED_RESULTS,
                [(code, by_location[code][-1].last_at) for code in new],
                lambda warned: ops_messages.unrequested_results(warned, names, by_location),
                now,
            )

    async def _forget(self, kind: TroubleKind, subjects: Collection[str]) -> None:
        """Forget warnings about locations that were disabled and agents that are gone, without a notice."""
        if subjects:
            await store.forget(self._db, kind, subjects)
