"""Who waits for whom while checks are put into blocks."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.model import GapReason
from controller.off_loop import off_loop
from controller.pipeline.housekeeping import settle_checks
from controller.store.blocks import fold_locks, folding
from controller.store.checks import dispatch
from controller.store.checks.dispatch import Expected
from controller.store.checks.results import store_results
from controller.store.platform import locks
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import fold_all, start_again
from tests.integration.store.blocks.test_folding import counts, hour_of
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import result

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    await start_again(store, midnight)
    return midnight


async def somebody_waits(store: Store) -> None:
    async with asyncio.timeout(10):
        while not await store.value(_WAITING):
            await asyncio.sleep(0.01)


async def test_checks_are_put_into_blocks_between_late_results(
    store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that stores some at this moment does not put it off for a minute."""
    monkeypatch.setattr(fold_locks, "_LOCK_TIMEOUT", "10s")
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    async with store.database.transaction() as storing:
        await storing.execute("SELECT pg_advisory_xact_lock_shared($1)", locks.FOLD)
        fold = asyncio.create_task(fold_all(store, begin))
        await somebody_waits(store)
    assert await fold == 60


async def test_late_results_do_not_wait_behind_a_fold_that_waits_for_a_controller_that_froze(
    store: Store, begin: datetime
) -> None:
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    async with store.database.transaction() as frozen:
        await frozen.execute("SELECT pg_advisory_xact_lock_shared($1)", locks.FOLD)
        fold = asyncio.create_task(fold_all(store, begin))
        await somebody_waits(store)
        await store_results(store.database, [result(monitor.public_id, begin + timedelta(seconds=7))])
        assert await fold == 0
    assert await fold_all(store, begin) == 60


async def test_late_results_are_stored_while_blocks_are_being_made(
    store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = await store.monitor()
    checks = hour_of(monitor, begin)
    await put(store, checks)

    async def make_while_others_store(*arguments: Any) -> Any:
        late = result(monitor.public_id, begin + timedelta(seconds=7))
        stored = await store_results(store.database, [late, checks[3]])
        assert [one.new for one in stored if one] == [True, False]
        return await off_loop(*arguments)

    monkeypatch.setattr(folding, "off_loop", make_while_others_store)
    assert await fold_all(store, begin) == 60
    assert await counts(store) == (1, 60)


async def test_one_controller_puts_checks_into_blocks_at_a_time(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    async with store.database.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock($1)", locks.FOLDER)
        assert await fold_all(store, begin) == 0
    assert await fold_all(store, begin) == 60


async def test_results_of_now_do_not_wait_behind_late_ones_that_wait_for_a_block(store: Store, begin: datetime) -> None:
    """Settling comes in between, which waits for all that is being stored, and all that comes after waits for it."""
    monitor = await store.monitor()
    late, now = result(monitor.public_id, begin), result(monitor.public_id, utc_now())
    due = to_ms(begin) + 1
    expected = Expected(monitor.id, due, 1, Purpose.SCHEDULED, GapReason.LATE, settle_ms=due)
    await dispatch.expect(store.database, [expected])
    async with store.database.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock($1)", locks.FOLD)
        storing = asyncio.create_task(store_results(store.database, [late]))
        await somebody_waits(store)
        await settle_checks(store.database)
        assert await store.value("SELECT count(*) FROM gap") == 1
        await store_results(store.database, [now])
        assert await counts(store) == (1, 0)
    await storing
    assert await counts(store) == (2, 0)
