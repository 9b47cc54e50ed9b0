"""Remove the results, roll-ups and blocks that an organization, or a customer's package, keeps less long than the
installation.

What the installation keeps no longer goes as whole partitions (pipeline.housekeeping). Here others' rows lie between,
so rows are deleted in small batches with pauses, by one controller at a time, once for each day that ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

import structlog

from controller.decisions.history.retention import (
    NOTICE,
    RetentionChoice,
    blocks_since,
    kept,
    limited,
    results_since,
    rollups_since,
)
from controller.decisions.history.views import DAY_SECONDS, floor
from controller.store.platform.pool import Database
from controller.store.retention import choices, packages
from controller.store.retention.choices import OwnChoice
from controller.store.retention.packages import PackageLimit
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
        limits = await packages.limits_set_before(connection, now - NOTICE)
        rolled = floor(await rolled_until(connection), DAY_SECONDS) - LONGEST_INTERVAL
        due = [
            one
            for one in (
                *_overdue(installation, own, now),
                *_overdue_of_packages(installation, own, limits, now),
            )
            if one.stored is not Removable.RESULTS or one.before <= rolled  # what is not rolled up yet is still needed
        ]
        due = [one for one in due if not await is_removed(connection, one)]
    for one in due:
        removed = await _remove(db, one)
        if removed is None:
            return
        whose = {"organization": one.organization_id, "customer": one.customer_id}
        log.info("history_removed", **whose, what=one.stored.name.lower(), rows=removed)


def _overdue(installation: RetentionChoice, own: list[OwnChoice], now: datetime) -> Iterator[Overdue]:
    usual = kept(installation, RetentionChoice(), now)
    for organization, _, choice in own:
        held = kept(installation, choice, now)
        if held.results_days < usual.results_days:
            yield Overdue(organization, Removable.RESULTS, results_since(held, now))
        if held.rollups_months < usual.rollups_months:
            yield Overdue(organization, Removable.ROLLUPS, rollups_since(held, now))
        if held.blocks_days < usual.blocks_days:
            yield Overdue(organization, Removable.BLOCKS, blocks_since(held, now))


def _overdue_of_packages(
    installation: RetentionChoice, own: list[OwnChoice], limits: list[PackageLimit], now: datetime
) -> Iterator[Overdue]:
    chosen = {one.organization_id: one.choice for one in own}
    for organization, customer, months in limits:
        held = kept(installation, chosen.get(organization, RetentionChoice()), now)
        less = limited(held, months)
        if less.results_days < held.results_days:
            yield Overdue(organization, Removable.RESULTS, results_since(less, now), customer)
        if less.rollups_months < held.rollups_months:
            yield Overdue(organization, Removable.ROLLUPS, rollups_since(less, now), customer)
        if less.blocks_days < held.blocks_days:
            yield Overdue(organization, Removable.BLOCKS, blocks_since(less, now), customer)


async def _remove(db: Database, overdue: Overdue) -> int | None:
    """How many rows were removed; None when another controller is removing."""
    total = last = 0
    async with db.connection() as connection:
        tables = await partitions_of(connection, overdue)
    while True:
        async with db.connection() as connection:
            monitors = await monitors_of(connection, overdue, last, _MONITORS_AT_ONCE)
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
