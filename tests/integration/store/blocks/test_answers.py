"""Whatever is asked about a history, the answer is the same before and after its checks are put into blocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings

from controller.model.retention import Kept
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.rollups import roll_up
from controller.store.retention import choices
from tests.integration.store.blocks.answers import answers, difference
from tests.integration.store.blocks.random_history import Run, put, results_of, runs
from tests.integration.store.conftest import Store

DAY = timedelta(days=1)


async def start_again(store: Store, midnight: datetime) -> None:
    """Nothing is stored, rolled up or folded since midnight; the only controller reads blocks."""
    await store.value("TRUNCATE result, result_block, rollup, uptime, rollup_due, latest, last_good, evaluation")
    await store.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", midnight)
    await store.value("UPDATE fold_progress SET at = $1, after_monitor = 0", midnight)
    async with store.database.connection() as connection:
        await choices.note_setting(connection, "c", Kept(), lasts_seconds=60)


async def fold_all(store: Store, midnight: datetime) -> int:
    await store.value("DELETE FROM evaluation")
    await roll_up(store.database, midnight + 2 * DAY)
    return await fold_due(store.database, settled_seconds=0)


@settings(
    max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(runs)
async def test_answers_stay_the_same(store: Store, midnight: datetime, found: list[Run]) -> None:
    await start_again(store, midnight)
    monitor = await store.monitor()
    results = results_of(monitor, midnight, found)
    late = {run.location for run in found if run.late}
    await put(store, [one for one in results if one.location not in late])
    await put(store, [one for one in results if one.location in late], delay_seconds=600.0)
    await store.value("DELETE FROM evaluation")
    await roll_up(store.database, midnight + 2 * DAY)

    before = await answers(store, monitor, midnight, midnight + 2 * DAY)
    await fold_due(store.database, settled_seconds=0)
    after = await answers(store, monitor, midnight, midnight + 2 * DAY)

    differing = {name: where for name in before if (where := difference(before[name], after[name]))}
    assert not differing
