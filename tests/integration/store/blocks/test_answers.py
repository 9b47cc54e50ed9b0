"""Whatever is asked about a history, the answer is the same before and after its checks are put into blocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller.model.retention import Kept
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.rollups import roll_up
from controller.store.monitors.monitors import soft_delete
from controller.store.retention import choices
from tests.integration.store.blocks.answers import answers, differing, organization_answers
from tests.integration.store.blocks.random_history import Run, put, results_of, runs
from tests.integration.store.conftest import Store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


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


async def rolled_up_until(store: Store, moment: datetime) -> None:
    """Nothing has an evaluation to come, as some time after the last check."""
    await store.value("DELETE FROM evaluation")
    await roll_up(store.database, moment)


random_cases = partial(
    settings,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@random_cases(max_examples=12)
@given(runs)
async def test_answers_stay_the_same(store: Store, midnight: datetime, found: list[Run]) -> None:
    await answers_stay_the_same(store, midnight, found)


async def test_answers_stay_the_same_when_the_interval_changes_within_an_hour(store: Store, midnight: datetime) -> None:
    """A round of the new interval is due at other moments of a minute, or at the same."""
    at = [Run("de", 3, False, phase, 60, 15, False, 0, 0, 10.0, 0.02, {4: None}, False, []) for phase in (17_250, 0)]
    changes = [(30, 29_999), (60, 17_250), (30, 0)]
    found = [at[0], *(at[1]._replace(follows=True, interval_seconds=s, phase_ms=ms) for s, ms in changes)]
    await answers_stay_the_same(store, midnight, found)
    assert await store.value("SELECT array_agg(DISTINCT interval_ms ORDER BY interval_ms) FROM result_block") == [
        30_000,
        60_000,
    ]
    assert await store.value("SELECT count(*) FROM result_block WHERE last_at < $1", midnight + HOUR) > 1
    assert await store.value("SELECT count(*) FROM result") < 4


async def answers_stay_the_same(store: Store, midnight: datetime, found: list[Run]) -> None:
    await start_again(store, midnight)
    monitor = await store.monitor()
    results = results_of(monitor, midnight, found)
    late = {run.location for run in found if run.late}
    await put(store, [one for one in results if one.location not in late])
    await put(store, [one for one in results if one.location in late], delay_seconds=600.0)
    await rolled_up_until(store, midnight + 2 * DAY)

    before = await answers(store, monitor, midnight, midnight + 2 * DAY)
    await fold_due(store.database, settled_seconds=0)
    assert not differing(before, await answers(store, monitor, midnight, midnight + 2 * DAY))


@random_cases(max_examples=6)
@given(
    found=runs,
    hours=st.integers(1, 46),
    late=st.sets(st.integers(0, 900), min_size=1, max_size=40),
    again=st.sets(st.integers(0, 900), min_size=1, max_size=40),
)
async def test_results_that_come_after_the_fold_are_answered_as_if_nothing_was_folded(
    store: Store, midnight: datetime, found: list[Run], hours: int, late: set[int], again: set[int]
) -> None:
    """`late` and `again` are places of results of which the first or a second copy comes after `hours` are folded."""
    monitor = await store.monitor()
    results = results_of(monitor, midnight, found)
    first = [one for n, one in enumerate(results) if n not in late]
    then = [one for n, one in enumerate(results) if n in late | again]

    async def answered(*, folding: bool) -> list[dict[str, Any]]:
        await start_again(store, midnight)
        await put(store, first)
        await rolled_up_until(store, midnight + hours * HOUR)
        if folding:
            await fold_due(store.database, settled_seconds=0)
        await put(store, then)
        between = await answers(store, monitor, midnight, midnight + 2 * DAY)
        await rolled_up_until(store, midnight + 2 * DAY)
        if folding:
            await fold_due(store.database, settled_seconds=0)
        return [between, await answers(store, monitor, midnight, midnight + 2 * DAY)]

    whole, folded = await answered(folding=False), await answered(folding=True)
    assert [differing(*both) for both in zip(whole, folded, strict=True)] == [{}, {}]
    stored = await store.value(
        "SELECT (SELECT count(*) FROM result) + (SELECT COALESCE(sum(checks), 0) FROM result_block)"
    )
    assert stored == len(results)


@random_cases(max_examples=5)
@given(of_deleted=runs, of_other=runs, first=st.booleans())
async def test_answers_about_a_deleted_monitor_and_about_others_stay_the_same(
    store: Store, midnight: datetime, of_deleted: list[Run], of_other: list[Run], first: bool
) -> None:
    """It is deleted before its checks are folded, or after that."""
    await start_again(store, midnight)
    deleted, other = await store.monitor(), await store.monitor()
    for monitor, found in ((deleted, of_deleted), (other, of_other)):
        await put(store, results_of(monitor, midnight, found))
    await rolled_up_until(store, midnight + 2 * DAY)

    async def answered() -> list[dict[str, Any]]:
        since, until = midnight, midnight + 2 * DAY
        of_each = [await answers(store, monitor, since, until) for monitor in (deleted, other)]
        return [*of_each, await organization_answers(store, since, until)]

    await soft_delete(store.database, deleted.id)
    before = await answered()
    if not first:
        await store.value("UPDATE monitor SET deleted_at = NULL WHERE id = $1", deleted.id)
    await fold_due(store.database, settled_seconds=0)
    await soft_delete(store.database, deleted.id)
    assert [differing(*both) for both in zip(before, await answered(), strict=True)] == [{}, {}, {}]
