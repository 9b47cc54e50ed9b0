"""Blocks that are kept no longer are removed partition by partition and in portions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.model.retention import DETAIL_DAYS
from controller.store.platform import partitions
from controller.store.platform.partitions import remove_old_results
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.store.retention.removal import Overdue, Removable, partitions_of, remove_some
from shared.clock import utc_now
from tests.integration.store.conftest import Store

HOUR = timedelta(hours=1)
_LEFT = "SELECT count(*) FROM result_block"


async def blocks(store: Store, monitor: int, first_at: datetime, number: int) -> None:
    """So many empty blocks, one an hour."""
    await store.value(
        "INSERT INTO result_block SELECT $1, at, at + interval '59 minutes', 1, 60000, 0, 60, 0, false, false, B'1',"
        " '{}', '{}', '', '{}' FROM generate_series(0, $3 - 1) AS n,"
        " LATERAL (SELECT $2::timestamptz + n * interval '1 hour' AS at) AS begun",
        monitor,
        first_at,
        number,
    )


async def test_blocks_of_a_monitor_deleted_long_ago_are_removed_in_portions_and_then_the_monitor(
    store: Store, midnight: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other = await store.monitor(), await store.monitor()
    for monitor in (old, other):
        await blocks(store, monitor.id, midnight, 25)
    await store.value("UPDATE monitor SET deleted_at = $2 WHERE id = $1", old.id, midnight - DETAIL_DAYS * 24 * HOUR)
    monkeypatch.setattr(partitions, "_BLOCKS_AT_ONCE", 10)
    remove, portions = partitions._remove_some_blocks, list[int]()

    async def fail_after_two(db: Database, before: datetime) -> int:
        if len(portions) == 2:
            raise StoreUnavailableError
        portions.append(await remove(db, before))
        return portions[-1]

    monkeypatch.setattr(partitions, "_remove_some_blocks", fail_after_two)
    today = utc_now().date()
    with pytest.raises(StoreUnavailableError):
        await remove_old_results(store.database, today, keep_days=DETAIL_DAYS, rolled_until=today)
    assert portions == [10, 10]
    assert await store.value(_LEFT) == 5 + 25
    assert await store.value("SELECT count(*) FROM monitor") == 2

    monkeypatch.setattr(partitions, "_remove_some_blocks", remove)
    await remove_old_results(store.database, today, keep_days=DETAIL_DAYS, rolled_until=today)
    assert await store.value("SELECT array_agg(id) FROM monitor") == [other.id]
    assert await store.value(_LEFT) == 25


async def test_blocks_of_an_organization_are_removed_from_the_named_partition_only(
    store: Store, midnight: datetime
) -> None:
    monitor = await store.monitor()
    month = midnight.replace(day=1)
    await blocks(store, monitor.id, month - 3 * HOUR, 2)
    await blocks(store, monitor.id, month, 3)
    await blocks(store, monitor.id, month + 24 * HOUR, 4)
    overdue = Overdue(store.organization, Removable.BLOCKS, month + 24 * HOUR)
    async with store.database.connection() as connection:
        newest, before, *_ = await partitions_of(connection, overdue)
    assert await remove_some(store.database, overdue, before, [monitor.id]) == 2
    assert await store.value(_LEFT) == 3 + 4
    assert await remove_some(store.database, overdue, newest, [monitor.id]) == 3
    assert await remove_some(store.database, overdue, newest, [monitor.id]) == 0
    assert await store.value("SELECT min(first_at) FROM result_block") == month + 24 * HOUR
