"""Decides again and again which locations must sign, and notifies the operators of messages refused for a signature.

Every controller reviews, and the database lets one of them decide and notify.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from controller.decisions.notification.ops_notices import QUIET_SECONDS
from controller.decisions.signing import GRACE, SigningChange, signing_change
from controller.metrics.counts import UNVOUCHED
from controller.notify.ops import signatures as ops_messages
from controller.notify.ops.signatures import SignatureRefusals
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.checks import dead_letters
from controller.store.locations import signatures as store
from controller.store.locations.locations import present_locations
from controller.store.platform.pool import Database
from controller.trust.location_signatures import code_of
from shared.clock import utc_now
from shared.wire.messages import READY_SECONDS

log = structlog.get_logger()

REVIEW_SECONDS = 2.0


class SignatureReview:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL."""

    def __init__(self, db: Database, addresses: Sequence[str] = ()) -> None:
        self._db = db
        self._addresses = addresses

    async def review(self) -> None:
        """Review all locations once. Raises StoreUnavailableError."""
        for location, agents in (await store.signing_agents(self._db, READY_SECONDS)).items():
            match signing_change(agents):
                case SigningChange.BEGIN:
                    if await store.begin_signing(self._db, location, GRACE):
                        log.info("location_signs", location=location, unsigned_refused_in_seconds=GRACE.seconds)
                case SigningChange.PUT_OFF:
                    if await store.put_off_signing(self._db, location):
                        log.info("location_signs_not_yet", location=location)
        await self._notify()

    async def _notify(self) -> None:
        now = utc_now()
        since = now - timedelta(seconds=QUIET_SECONDS)
        locations = await present_locations(self._db)
        names = {here.code: here.name for here in locations}
        refusals: dict[str, SignatureRefusals] = {}
        async with self._db.connection() as connection:
            counts = await dead_letters.recent_counts(connection, since, UNVOUCHED)
        for counted in counts:
            code = code_of(counted.subject)
            if code in names and counted.last_at >= since:
                refusals.setdefault(code, SignatureRefusals()).results.append(counted)
        for code, heartbeat in (await store.refused_heartbeats(self._db, since)).items():
            refusals.setdefault(code, SignatureRefusals()).heartbeat = heartbeat
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.REFUSED_SIGNATURES,
            {code: one.first_at for code, one in refusals.items()},
            lambda new: ops_messages.signatures_refused(new, names, refusals),
            ops_messages.signatures_refused_no_more,
            now,
        )
