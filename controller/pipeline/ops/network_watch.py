"""Decide which locations are in a network that takes STARTTLS away; notify the operators of it once, and of its end.

A location stays one until fewer than several unrelated servers show it.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.notify.ops import networks as ops_messages
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.comparison import comparisons, suspicions
from controller.store.maintenance.at_locations import maintained_by_operators
from controller.store.platform.pool import Database
from shared.clock import utc_now

WATCH_SECONDS = 5.0


class NetworkWatch:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL."""

    def __init__(self, db: Database, addresses: Sequence[str] = ()) -> None:
        self._db = db
        self._addresses = addresses

    async def review(self) -> None:
        """Examine the suspicions of all locations once. Raises StoreUnavailableError."""
        async with self._db.transaction() as connection:
            before = await suspicions.own_networks(connection)
            suspected = await suspicions.confirmed_networks(connection)
            await suspicions.note_networks(connection, suspected - before)
            await suspicions.clear_networks(connection, before - suspected)
            for location_id in sorted(before ^ suspected):
                await comparisons.compare_again(connection, location_id)
        known = {one.code: one for one in await suspicions.intercepted(self._db)}
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.STARTTLS_STRIPPED,
            {code: one.since_at for code, one in known.items()},
            lambda new: ops_messages.stripped(new, {code: one.monitors for code, one in known.items()}),
            ops_messages.stripped_no_more,
            utc_now(),
            not_of=await maintained_by_operators(self._db, utc_now()),
        )
