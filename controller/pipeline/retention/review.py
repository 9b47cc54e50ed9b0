"""Decides what the installation keeps, by what its controllers are set to, and notifies the operators of all history
that will be removed because less is kept: a day before, and when that begins or was taken back.

While controllers are set to different times, the longest hold. Every controller reviews; the database lets one notify.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from controller.decisions.history.retention import (
    NOTICE,
    RetentionChoice,
    blocks_since,
    kept,
    kept_finally,
    kept_of,
    rechosen,
    results_since,
    rollups_since,
)
from controller.model.retention import Kept, Retention
from controller.notify.ops import retention as ops_messages
from controller.notify.ops.retention import Shortening
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.notifications import ops_notices
from controller.store.platform.pool import Connection, Database
from controller.store.retention import amounts, choices
from controller.store.retention.amounts import Cut, Removed
from controller.store.retention.choices import OwnChoice
from shared.clock import utc_now

log = structlog.get_logger()

REVIEW_SECONDS = 30.0
SEEN_SECONDS = 180.0
"""The setting of a controller counts for so long after it was seen last."""

_MILLISECOND = timedelta(milliseconds=1)


class _Announced(NamedTuple):
    """A shorter time of an organization, or of the installation (None), that holds from a moment on."""

    organization_id: int | None
    name: str | None
    before: Kept
    after: Kept
    at: datetime

    @property
    def subject(self) -> str:
        whose = "all organizations" if self.organization_id is None else f"organization {self.organization_id}"
        return f"{whose}, from {self.at:%Y-%m-%d %H:%M:%S} UTC"


class RetentionReview:
    """`name` is this controller's, `setting` what it is set to. `addresses` are those of MAILPROBE_OPS_EMAIL."""

    def __init__(self, db: Database, name: str, setting: Kept, addresses: Sequence[str] = ()) -> None:
        self._db = db
        self._name = name
        self._setting = setting
        self._addresses = addresses

    async def review(self, now: datetime | None = None) -> None:
        """Raises StoreUnavailableError."""
        now = now or utc_now()
        await self._choose(now)
        async with self._db.connection() as connection:
            installation = await choices.of_installation(connection)
            own = await choices.of_organizations(connection)
            announced = {one.subject: one for one in _announced(installation, own)}
            waiting = {subject: one for subject, one in announced.items() if now < one.at}
            new = waiting.keys() - await ops_notices.known(self._db, TroubleKind.HISTORY_SHORTENED)
            counted = {subject: await _counted(connection, waiting[subject], now) for subject in new}
        begun = {subject: _shortening(one, Removed(0, 0)) for subject, one in announced.items() if one.at <= now}
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.HISTORY_SHORTENED,
            {subject: one.at - NOTICE for subject, one in waiting.items()},
            lambda these: ops_messages.shortened(these, counted),
            lambda over: ops_messages.settled(over, begun),
            now,
        )

    async def _choose(self, now: datetime) -> None:
        async with self._db.transaction() as connection:
            before = await choices.of_installation(connection, lock=True)
            longest = await choices.note_setting(connection, self._name, self._setting, lasts_seconds=SEEN_SECONDS)
            new = Retention(**longest._asdict())
            after = rechosen(before, new, Retention(), now)
            if after == before:
                return
            if not await choices.any_monitor(connection):
                after = RetentionChoice(chosen=new)  # nothing is stored that anybody could miss
            await choices.save(connection, None, after)
        log.info("retention_changed", **longest._asdict(), takes_effect_at=after.takes_effect_at)


def _announced(installation: RetentionChoice, own: Sequence[OwnChoice]) -> Iterator[_Announced]:
    """All that took effect, or will."""
    if installation.takes_effect_at is not None and installation.before is not None:
        before, after = kept_of(installation.before), kept_of(installation.chosen)
        yield _Announced(None, None, before, after, installation.takes_effect_at)
    for organization, name, choice in own:
        if choice.takes_effect_at is not None:
            held = kept(installation, choice, choice.takes_effect_at - _MILLISECOND)
            finally_kept = kept_finally(installation, choice)
            yield _Announced(organization, name, held, finally_kept, choice.takes_effect_at)


async def _counted(connection: Connection, one: _Announced, now: datetime) -> Shortening:
    removed = await amounts.removed_by(
        connection,
        one.organization_id,
        Cut(results_since(one.before, now), results_since(one.after, one.at)),
        Cut(rollups_since(one.before, now), rollups_since(one.after, one.at)),
        Cut(blocks_since(one.before, now), blocks_since(one.after, one.at)),
    )
    return _shortening(one, removed)


def _shortening(one: _Announced, removed: Removed) -> Shortening:
    return Shortening(
        organization=one.name, before=one.before, after=one.after, takes_effect_at=one.at, removed=removed
    )
