"""Blocks are removed when they are kept no longer: by months, and of organizations, customers and deleted monitors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.history.retention import NOTICE
from controller.model import Monitor
from controller.model.retention import DETAIL_DAYS, Kept, Retention
from controller.pipeline.housekeeping import maintain_partitions
from controller.pipeline.retention.removal import remove_expired
from controller.store.monitors.monitors import soft_delete
from controller.store.platform.partitions import remove_old_results
from controller.store.retention import choices, removal
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from tests.integration.store.blocks.stored_blocks import block, months_of_blocks, shapes
from tests.integration.store.conftest import Store
from tests.integration.store.test_package_retention import other_monitor, package
from tests.integration.store.test_retention import keep, monitor_of_other_organization

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
BACK = (0, 3, 10, 40, 100)
"""How many days before today the blocks of `filled` are."""


@pytest.fixture
async def today(store: Store) -> datetime:
    """Its beginning; there are partitions of blocks since four months, and locations. Blocks are kept for 400 days."""
    today = datetime.combine(utc_now().date(), datetime.min.time(), UTC)
    await store.value("INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'DE', 'DE', 'k')")
    await store.value("UPDATE fold_progress SET at = $1", today - 125 * DAY)
    await make_months(store.database, today.date())
    await store.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", today)
    await blocks_kept_for(store, 400)
    return today


async def blocks_kept_for(store: Store, days: int, controller: str = "c") -> None:
    """A controller is set to it, and operators were told a day ago."""
    await store.value("UPDATE retention SET blocks_days = $1 WHERE organization_id IS NULL", days)
    async with store.database.connection() as connection:
        await choices.note_setting(connection, controller, Kept(blocks_days=days), lasts_seconds=60)


async def filled(store: Store, monitor: Monitor, today: datetime) -> None:
    for days in BACK:
        await block(store, monitor, today - days * DAY)


async def ages(store: Store, monitor: Monitor, today: datetime) -> list[int]:
    """How many days before today the monitor's blocks are."""
    async with store.database.connection() as connection:
        rows = await connection.fetch("SELECT first_at FROM result_block WHERE monitor_id = $1", monitor.id)
    return sorted((today - row["first_at"]) // DAY for row in rows)


def month_back(today: datetime, months: int) -> date:
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


async def test_months_that_ended_before_the_days_of_the_setting_are_dropped(store: Store, today: datetime) -> None:
    monitor = await store.monitor()
    await filled(store, monitor, today)
    first = (today - 61 * DAY).date()
    before = await months_of_blocks(store)
    assert month_back(today, 3) in before

    await blocks_kept_for(store, 61)
    await store.value("UPDATE fold_progress SET at = $1", today)
    await maintain_partitions(store.database)
    assert await months_of_blocks(store) == [month for month in before if month >= first.replace(day=1)]
    assert await ages(store, monitor, today) == [0, 3, 10, 40]


async def test_blocks_of_an_organization_go_with_its_results(
    store: Store, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 2)
    own, deleted = await store.monitor(), await store.monitor()
    other = await monitor_of_other_organization(store)
    for monitor in (own, deleted, other):
        await filled(store, monitor, today)
    await soft_delete(store.database, deleted.id)
    await keep(store, store.organization, Retention(results_days=10))
    await remove_expired(store.database)
    assert await ages(store, own, today) == await ages(store, deleted, today) == [0, 3, 10]
    assert await ages(store, other, today) == list(BACK)

    await remove_expired(store.database, utc_now() + DAY)
    assert await ages(store, own, today) == [0, 3], "each day when it ended"


@pytest.mark.parametrize(
    ("chosen", "at"),
    [(Retention(), None), (Retention(rollups_months=3), None), (Retention(results_days=10), NOTICE / 2)],
    ids=["nothing", "only roll-ups", "not in force yet"],
)
async def test_an_organization_that_chose_nothing_keeps_blocks_as_the_installation(
    store: Store, today: datetime, chosen: Retention, at: timedelta | None
) -> None:
    monitor = await store.monitor()
    await filled(store, monitor, today)
    await keep(store, store.organization, chosen, at=None if at is None else utc_now() + at)
    await keep(store, None, Retention(results_days=7))
    await remove_expired(store.database)
    assert await ages(store, monitor, today) == list(BACK)


async def test_blocks_of_customers_go_with_what_their_package_keeps(store: Store, today: datetime) -> None:
    own, other = await store.monitor(), await other_monitor(store)
    for monitor in (own, other):
        await filled(store, monitor, today)
    await package(store, 2)
    await remove_expired(store.database, utc_now() + SECOND)
    assert await ages(store, own, today) == [0, 3, 10, 40]
    await package(store, 1)
    await remove_expired(store.database, utc_now() + SECOND)
    assert await ages(store, own, today) == [0, 3, 10]
    assert await ages(store, other, today) == list(BACK)


async def test_of_a_choice_and_a_package_the_shorter_counts(store: Store, today: datetime) -> None:
    own, other = await store.monitor(), await other_monitor(store)
    for monitor in (own, other):
        await filled(store, monitor, today)
    await package(store, 1)
    await keep(store, store.organization, Retention(results_days=60))
    await keep(store, None, Retention(results_days=90))
    await remove_expired(store.database, utc_now() + SECOND)
    assert await ages(store, own, today) == [0, 3, 10]
    assert await ages(store, other, today) == [0, 3, 10, 40]


async def test_blocks_of_a_monitor_go_with_it_long_after_it_was_deleted(store: Store, today: datetime) -> None:
    gone, deleted, other = [await store.monitor() for _ in range(3)]
    for monitor in (gone, deleted, other):
        await filled(store, monitor, today)
    for monitor, days in ((gone, DETAIL_DAYS + 1), (deleted, DETAIL_DAYS - 1)):
        await store.value("UPDATE monitor SET deleted_at = $2 WHERE id = $1", monitor.id, today - days * DAY)
    keeping: dict[str, Any] = {"keep_days": DETAIL_DAYS, "rolled_until": today.date()}
    await remove_old_results(store.database, today.date(), **keeping)
    assert await ages(store, gone, today) == []
    assert await ages(store, deleted, today) == await ages(store, other, today) == list(BACK)


async def test_shapes_go_with_the_months_of_the_last_block_that_has_them(store: Store, today: datetime) -> None:
    monitor = await store.monitor()
    for name, days in (("old", 101), ("both", 100), ("both", 4), ("new", 3)):
        await block(store, monitor, today - days * DAY, shape=name)
    await maintain_partitions(store.database)
    assert await shapes(store) == ["both", "new", "old"]
    await blocks_kept_for(store, 40)
    await store.value("UPDATE fold_progress SET at = $1", today)
    await maintain_partitions(store.database)
    assert await shapes(store) == ["both", "new"]
