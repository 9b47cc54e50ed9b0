"""Tells ops, once, of locations that are silent or send what nobody asked for, and of agents whose clock is off; and
once more when that is over.

Every controller watches; the database lets one of them tell. A location that nobody could hear is not silent: the watch
begins anew whenever this controller, its database or its broker was away.
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
    is_heard,
    newly_back,
    newly_silent,
    newly_suspicious,
    suspicious_no_more,
)
from controller.metrics.counts import SUSPICIOUS
from controller.notify import ops_messages
from controller.pipeline import ops_notices
from controller.pipeline.ops_notices import TroubleKind
from controller.store.checks import dead_letters
from controller.store.checks.dead_letters import ParkedTally
from controller.store.locations.locations import present_locations
from controller.store.notifications import ops_notices as ops_troubles
from controller.store.notifications.ops_notices import Heard
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire import subjects

WATCH_SECONDS = 2.0
_LONGEST_PAUSE = 10.0


class LocationWatch:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL; `clock` counts seconds from anywhere."""

    def __init__(
        self, db: Database, bus: Bus, addresses: Sequence[str] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._bus = bus
        self._addresses = addresses
        self._clock = clock
        self._since = self._looked_at = float("-inf")
        self._back_since: dict[str, float] = {}

    async def look(self) -> None:
        """Raises StoreUnavailableError."""
        if not self._bus.connected:
            return
        heard = await ops_troubles.heard(self._db)
        now = self._clock()
        if now - self._looked_at > _LONGEST_PAUSE:
            self._since = now
        self._looked_at = now
        await self._silences({here.code: here for here in heard}, now)
        await self._clocks()
        await self._unasked()

    async def _silences(self, heard: Mapping[str, Heard], now: float) -> None:
        known = await ops_troubles.known(self._db, TroubleKind.LOCATION_SILENT)
        await self._forget(TroubleKind.LOCATION_SILENT, known - heard.keys())
        told = known & heard.keys()
        silences = {code: here.silence for code, here in heard.items()}
        self._back_since = {code: self._back_since.get(code, now) for code in told if is_heard(silences[code])}
        back = newly_back({code: now - since for code, since in self._back_since.items()}, told)
        if back:
            await ops_notices.end(
                self._db,
                self._addresses,
                TroubleKind.LOCATION_SILENT,
                back,
                lambda over: ops_messages.back(over, heard),
                utc_now(),
            )
        if now - self._since < SILENT_SECONDS:
            return
        silent = newly_silent(silences, told)
        if silent:
            await ops_notices.begin(
                self._db,
                self._addresses,
                TroubleKind.LOCATION_SILENT,
                [(code, heard[code].last_seen_at) for code in silent],
                lambda new: ops_messages.silent(new, heard),
                utc_now(),
            )

    async def _clocks(self) -> None:
        offsets = await ops_troubles.clock_offsets(self._db, SILENT_SECONDS)
        known = await ops_troubles.known(self._db, TroubleKind.CLOCK_OFF)
        await self._forget(TroubleKind.CLOCK_OFF, known - offsets.keys())
        right = clocks_right(offsets, known)
        if right:
            await ops_notices.end(
                self._db, self._addresses, TroubleKind.CLOCK_OFF, right, ops_messages.right, utc_now()
            )
        off = clocks_off(offsets, known)
        if off:
            now = utc_now()
            await ops_notices.begin(
                self._db,
                self._addresses,
                TroubleKind.CLOCK_OFF,
                [(agent, now) for agent in off],
                lambda new: ops_messages.off(new, offsets),
                now,
            )

    async def _unasked(self) -> None:
        """Results that nobody asked for, of every location that sent some."""
        now = utc_now()
        places = {subjects.result(here.country_code, here.code): here for here in await present_locations(self._db)}
        async with self._db.connection() as connection:
            lately = await dead_letters.lately(connection, now - timedelta(seconds=QUIET_SECONDS), SUSPICIOUS)
        tallies: dict[str, list[ParkedTally]] = {}
        for tally in lately:
            if tally.subject in places:
                tallies.setdefault(places[tally.subject].code, []).append(tally)
        ago = {code: (now - of_it[0].last_at).total_seconds() for code, of_it in tallies.items()}
        names = {here.code: here.name for here in places.values()}
        known = await ops_troubles.known(self._db, TroubleKind.RESULTS_UNASKED)
        await self._forget(TroubleKind.RESULTS_UNASKED, known - names.keys())
        over = suspicious_no_more(ago, known & names.keys())
        if over:
            await ops_notices.end(
                self._db, self._addresses, TroubleKind.RESULTS_UNASKED, over, ops_messages.unasked_no_more, now
            )
        new = newly_suspicious(ago, known)
        if new:
            await ops_notices.begin(
                self._db,
                self._addresses,
                TroubleKind.RESULTS_UNASKED,
                [(code, tallies[code][-1].last_at) for code in new],
                lambda told: ops_messages.unasked(told, names, tallies),
                now,
            )

    async def _forget(self, kind: TroubleKind, subjects: Collection[str]) -> None:
        """Of a location that was disabled, or an agent that is gone, nobody waits to hear."""
        if subjects:
            await ops_troubles.forget(self._db, kind, subjects)
