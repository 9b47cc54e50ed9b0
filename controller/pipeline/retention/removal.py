"""Remove the results and roll-ups that an organization keeps less long than the installation does.

What the installation keeps no longer goes as whole partitions (pipeline.housekeeping). Here others' rows lie between,
so rows are deleted in small batches with pauses, by one controller at a time, once for each day that ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

import structlog

from controller.decisions.history.retention import RetentionChoice, kept, results_since, rollups_since
from controller.decisions.history.views import DAY_SECONDS, floor
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.retention.choices import OwnChoice
from controller.store.retention.removal import (
    Overdue,
    Removable,
    is_removed,
    monitors_of,
    note_removed,
    partitions_of,
    remove_some,
)
from controller.store.rollups.charts import rolled_until
from controller.store.rollups.rollups import LONGEST_INTERVAL
from shared.clock import utc_now

log = structlog.get_logger()

REMOVE_SECONDS = 600.0
_MONITORS_AT_ONCE = 50
_PAUSE_SECONDS = 0.05


async def remove_expired(db: Database, now: datetime | None = None) -> None:
    """Remove all that is overdue, unless another controller does. Raises StoreUnavailableError."""
    now = now or utc_now()
    async with db.connection() as connection:
        installation = await choices.of_installation(connection)
        own = await choices.of_organizations(connection)
        rolled = floor(await rolled_until(connection), DAY_SECONDS) - LONGEST_INTERVAL
        due = [
            one
            for one in _overdue(installation, own, now)
            if one.stored is Removable.ROLLUPS or one.before <= rolled  # what is not rolled up yet is still needed
        ]
        due = [one for one in due if not await is_removed(connection, one)]
    for one in due:
        removed = await _remove(db, one)
        if removed is None:
            return
        log.info("history_removed", organization=one.organization_id, what=one.stored.name.lower(), rows=removed)


def _overdue(installation: RetentionChoice, own: list[OwnChoice], now: datetime) -> Iterator[Overdue]:
    usual = kept(installation, RetentionChoice(), now)
    for organization, _, choice in own:
        held = kept(installation, choice, now)
        if held.results_days < usual.results_days:
            yield Overdue(organization, Removable.RESULTS, results_since(held, now))
        if held.rollups_months < usual.rollups_months:
            yield Overdue(organization, Removable.ROLLUPS, rollups_since(held, now))


async def _remove(db: Database, overdue: Overdue) -> int | None:
    """How many rows were removed; None when another controller is removing."""
    total = last = 0
    async with db.connection() as connection:
        tables = await partitions_of(connection, overdue)
    while True:
        async with db.connection() as connection:
            monitors = await monitors_of(connection, overdue.organization_id, last, _MONITORS_AT_ONCE)
        if not monitors:
            break
        for table in tables:
            while removed := await remove_some(db, overdue, table, monitors):
                total += removed
                await asyncio.sleep(_PAUSE_SECONDS)
            if removed is None:
                return None
        last = monitors[-1]
    async with db.connection() as connection:
        await note_removed(connection, overdue)
    return total
