"""Giving back the space of folded rows while others read, write and remove, and with two controllers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.pipeline.folding.space import give_back_space
from controller.store.blocks import space
from controller.store.blocks.space import Compaction
from controller.store.checks.results import store_results
from controller.store.platform import locks
from controller.store.platform.pool import Database
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, fold_all, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, result

MINUTE = timedelta(minutes=1)
_WHOLE = "SELECT array_agg((monitor_id, due_at, location_id, purpose)::text ORDER BY monitor_id, due_at) FROM result"
_LONGEST_WAIT = """
SELECT max(clock_timestamp() - waitstart) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND application_name = 'others'
"""


@pytest.fixture
async def day(store: Store, midnight: datetime) -> datetime:
    """A folded day of a monitor with checks in six hours, of which six failures an hour stay whole."""
    await start_again(store, midnight)
    await store.value("UPDATE fold_progress SET compacted_until = $1", midnight)
    monitor = await store.monitor()
    failures: dict[int, dict[str, Any]] = {n: {"failure": DOWN} for n in range(0, 60, 10)}
    for hour in range(6):
        at = midnight + hour * HOUR
        await put(store, [result(monitor.public_id, at + n * MINUTE, **failures.get(n, {})) for n in range(60)])
    await fold_all(store, midnight)
    return midnight


def after_copying(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Awaitable[object]]) -> None:
    """Do the work once, when all rows are copied and nobody holds a lock."""
    copy = Compaction._copy

    async def copy_and_work(self: Compaction, table: str) -> None:
        await copy(self, table)
        await work()

    monkeypatch.setattr(Compaction, "_copy", copy_and_work)


async def compacted_until(store: Store) -> datetime:
    found: datetime = await store.value("SELECT compacted_until FROM fold_progress WHERE span_seconds = 86400")
    return found


async def test_what_changes_while_it_is_copied_is_in_the_copy(
    store: Store, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = await store.value("SELECT public_id FROM monitor")

    async def change() -> None:
        await store_results(store.database, [result(monitor, day + n * HOUR + MINUTE / 2) for n in range(3)])
        await store.value("DELETE FROM result WHERE due_at = $1", day + 20 * MINUTE)
        await store.value("UPDATE result SET agent = 'another' WHERE due_at = $1", day + 30 * MINUTE)
        monkeypatch.setattr(Compaction, "_changed_as", await store.value(_WHOLE), raising=False)

    after_copying(monkeypatch, change)
    await give_back_space(store.database)
    assert await compacted_until(store) == day + DAY
    assert await store.value(_WHOLE) == Compaction._changed_as  # type: ignore[attr-defined]
    assert await store.value("SELECT due_at FROM result WHERE agent = 'another'") == day + 30 * MINUTE
    assert await store.value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'note_%'") == 0


async def test_only_a_few_rows_are_copied_under_locks(
    store: Store, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more changes than those the swap is left, and they are copied before the next attempt."""
    held = list[int]()
    copied = Compaction._copy_changed

    async def count(self: Compaction, table: str) -> int:
        number = await copied(self, table)
        if await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND classid = 0 AND objid = $1::bigint)",
            locks.FOLD,
        ):
            held.append(number)
        return number

    monkeypatch.setattr(Compaction, "_copy_changed", count)
    after_copying(monkeypatch, lambda: store.value("UPDATE result SET agent = 'another' FROM generate_series(1, 1)"))
    monkeypatch.setattr(space, "_MOST_UNDER_LOCKS", 20)
    whole = await store.value("SELECT count(*) FROM result")
    assert whole > 20
    await give_back_space(store.database)
    assert await compacted_until(store) == day + DAY
    assert await store.value("SELECT count(*) FROM result WHERE agent = 'another'") == whole
    assert held
    assert max(held) <= 20


async def test_results_that_were_removed_as_a_whole_do_not_come_back(
    store: Store, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_copying(monkeypatch, lambda: store.value(f"TRUNCATE result_{day:%Y%m%d}"))
    await give_back_space(store.database)
    assert await store.value("SELECT count(*) FROM result") == 0
    assert await compacted_until(store) == day
    monkeypatch.undo()
    await give_back_space(store.database)
    assert await compacted_until(store) == day + DAY


async def test_a_day_that_fails_stops_no_other_and_is_tried_again(
    store: Store, day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.value("UPDATE fold_progress SET at = $1", day + 2 * DAY)
    copy = Compaction._copy

    async def fail(self: Compaction, table: str) -> None:
        if table == f"result_{day:%Y%m%d}":
            raise TimeoutError
        await copy(self, table)

    monkeypatch.setattr(Compaction, "_copy", fail)
    before = await store.value(_WHOLE)
    await give_back_space(store.database)
    done = (
        "SELECT array_agg(relname ORDER BY relname) FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE conname = $1"
    )
    assert await store.value(done, space.COMPACTED) == [f"result_{day + DAY:%Y%m%d}"]
    assert await compacted_until(store) == day
    assert await store.value("SELECT reloptions FROM pg_class WHERE relname = $1", f"result_{day:%Y%m%d}") is None

    monkeypatch.undo()
    await give_back_space(store.database)
    assert await store.value(done, space.COMPACTED) == [f"result_{day + n * DAY:%Y%m%d}" for n in range(2)]
    assert await compacted_until(store) == day + 2 * DAY
    assert await store.value(_WHOLE) == before


async def test_two_controllers_compact_one_after_the_other(
    store: Store, day: datetime, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second, which comes when the first has copied, does nothing."""
    before = await store.value(_WHOLE)
    async with Database.open(database_url) as other:
        second = list[object]()

        async def come() -> None:
            if not second:
                second.append(None)
                await give_back_space(other)
                assert await compacted_until(store) == day
                assert await store.value("SELECT to_regclass($1) IS NOT NULL", f"result_{day:%Y%m%d}_kept")

        after_copying(monkeypatch, come)
        await give_back_space(store.database)
        assert second
    assert await compacted_until(store) == day + DAY
    assert await store.value(_WHOLE) == before
    await give_back_space(store.database)


@asynccontextmanager
async def load(url: str, day: datetime, monitor: Any, written: list[datetime]) -> AsyncIterator[list[timedelta]]:
    """Readers and writers of the day that never stop; how long they wait for locks."""
    waits, ended = list[timedelta](), asyncio.Event()
    async with Database.open(f"{url}&application_name=others") as others, Database.open(url) as watching:

        async def write() -> None:
            while not ended.is_set():
                due = day + len(written) * timedelta(seconds=7) + timedelta(milliseconds=1)
                written.append(due)
                [stored] = await store_results(others, [result(monitor, due)])
                assert stored
                assert stored.new

        async def read() -> None:
            while not ended.is_set():
                async with others.connection() as connection:
                    assert (
                        await connection.fetchval(
                            "SELECT count(*) FROM (SELECT FROM result WHERE due_at < $1 AND due_at >= $2) AS found",
                            day + DAY,
                            day,
                        )
                        >= 36
                    )

        async def watch() -> None:
            while not ended.is_set():
                async with watching.connection() as connection:
                    if (longest := await connection.fetchval(_LONGEST_WAIT)) is not None:
                        waits.append(longest)

        async with asyncio.TaskGroup() as tasks:
            for work in (write, read, read, watch):
                tasks.create_task(work())
            yield waits
            ended.set()


async def test_a_swap_under_load_loses_nothing_and_nobody_waits_long(
    store: Store, day: datetime, database_url: str
) -> None:
    monitor, written = await store.value("SELECT public_id FROM monitor"), list[datetime]()
    async with load(database_url, day, monitor, written) as waits:
        async with asyncio.timeout(60):
            while await compacted_until(store) == day:
                await give_back_space(store.database)
        stored = len(written)
        while len(written) < stored + 20:
            await asyncio.sleep(0.01)
    assert max(waits, default=timedelta()) < timedelta(seconds=1)
    assert await store.value("SELECT count(*) FROM result WHERE due_at = ANY ($1)", written) == len(written)
    assert await store.value("SELECT count(*) FROM result") == 36 + len(written)
