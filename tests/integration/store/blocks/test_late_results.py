"""Late results wait for the block that is being made, and nothing else waits for them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from controller.model import GapReason
from controller.store.checks import dispatch
from controller.store.checks.dispatch import Expected
from controller.store.checks.expected_results import store_expected
from controller.store.checks.results import store_results
from controller.store.platform import locks
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.store.blocks.test_answers import start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import result

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_DUE = "SELECT array_agg(due_at ORDER BY due_at) FROM result"


async def test_others_of_their_batch_and_settling_wait_for_no_block(store: Store, midnight: datetime) -> None:
    await start_again(store, midnight)
    monitor = await store.monitor()
    now = utc_now()
    late, fresh, later = (result(monitor.public_id, due) for due in (midnight, now, now + timedelta(milliseconds=1)))
    planned = [
        Expected(monitor.id, to_ms(one.due_at), 1, Purpose.SCHEDULED, GapReason.LATE, settle_ms=to_ms(now) + offset)
        for one, offset in ((late, 60_000), (fresh, 60_000), (result(monitor.public_id, midnight + timedelta(1)), -1))
    ]
    await dispatch.expect(store.database, planned)
    async with store.database.transaction() as folding:
        await folding.execute("SELECT pg_advisory_xact_lock($1)", locks.FOLD)
        storing = asyncio.create_task(store_expected(store.database, [late, fresh]))
        async with asyncio.timeout(10):
            while not await store.value(_WAITING):
                await asyncio.sleep(0.01)
        assert await store.value(_DUE) == [fresh.due_at]
        async with asyncio.timeout(5):
            await dispatch.settle(store.database)
            await store_results(store.database, [later])
    assert [one is not None and one.new for one in await storing] == [True, True]
    assert await store.value(_DUE) == [late.due_at, fresh.due_at, later.due_at]
