"""Results that come after their day was put into blocks are, too, when no more have come for a while."""

from __future__ import annotations

from datetime import datetime

import pytest

from controller.model import Monitor
from controller.pipeline.folding.folder import QUIET_SECONDS, fold_due
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import fold_all, start_again
from tests.integration.store.blocks.test_folding import counts, hour_of
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR


@pytest.fixture
async def folded(store: Store, midnight: datetime) -> Monitor:
    """A monitor with an hour in a block; both days are done."""
    await start_again(store, midnight)
    monitor = await store.monitor()
    await put(store, hour_of(monitor, midnight))
    assert await fold_all(store, midnight) == 60
    await store.value("DELETE FROM fold_due")
    return monitor


async def come_late(store: Store, monitor: Monitor, midnight: datetime) -> None:
    """An hour's results, one of which failed."""
    await put(store, hour_of(monitor, midnight + 5 * HOUR, m7={"failure": DOWN}), delay_seconds=86_400)


async def quiet_for(store: Store, seconds: float) -> None:
    await store.value("UPDATE fold_due SET noted_at = now() - make_interval(secs => $1)", seconds)


async def test_late_results_of_a_folded_day_are_put_into_blocks_when_no_more_come(
    store: Store, midnight: datetime, folded: Monitor
) -> None:
    await come_late(store, folded, midnight)
    assert await counts(store) == (60, 60)
    await quiet_for(store, QUIET_SECONDS - 60)
    assert await fold_due(store.database) == 0
    await quiet_for(store, QUIET_SECONDS + 1)
    assert await fold_due(store.database) == 59
    assert await counts(store) == (1, 119)
    assert await store.value("SELECT count(*) FROM fold_due") == 0


async def test_only_passed_checks_of_days_that_are_done_are_noted(
    store: Store, midnight: datetime, folded: Monitor
) -> None:
    day, noted = "UPDATE fold_progress SET at = $1 WHERE span_seconds = 86400", "SELECT array_agg(day) FROM fold_due"
    await put(store, hour_of(folded, midnight + HOUR, m0={"failure": DOWN})[:1])
    assert await store.value(noted) is None
    await store.value(day, midnight)
    await put(store, hour_of(folded, midnight + 2 * HOUR)[:4], delay_seconds=86_400)
    await put(store, hour_of(folded, midnight + 40 * HOUR)[:4])
    assert await store.value(noted) == [midnight], "its pass may come before some of these are old enough"
    await quiet_for(store, QUIET_SECONDS + 1)
    assert await fold_due(store.database, settled_seconds=1e9) == 0
    await store.value(day, midnight + 24 * HOUR)
    assert await fold_due(store.database, settled_seconds=1e9) == 4


async def test_a_day_that_cannot_be_folded_stops_no_other(store: Store, midnight: datetime, folded: Monitor) -> None:
    other = await store.monitor()
    for monitor in (folded, other):
        await come_late(store, monitor, midnight)
    await store.value("""UPDATE result SET phases = '[{"phase": 1}]' WHERE monitor_id = $1""", folded.id)
    await quiet_for(store, QUIET_SECONDS + 1)
    assert await fold_due(store.database) == 59
    assert await store.value("SELECT count(*) FROM fold_due") == 0
