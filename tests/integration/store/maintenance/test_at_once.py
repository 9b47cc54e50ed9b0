"""Two controllers, changes of windows and changes of monitors at the same time: nothing waits for ever, and each border
is announced once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from controller.model import MonitorStatus
from controller.pipeline.maintenance.borders import Borders
from controller.store.maintenance import borders, by_status, windows
from controller.store.platform.pool import Database
from shared.clock import utc_now
from tests.integration.store.conftest import Store
from tests.integration.store.maintenance.cases import applied, window_of_all

_MONITORS = 40


async def test_each_border_is_announced_once_however_many_controllers_apply_it(store: Store, database_url: str) -> None:
    for _ in range(_MONITORS):
        await store.monitor()
    now = utc_now()
    window = await window_of_all(store, now - timedelta(seconds=1), now + timedelta(hours=1))
    async with Database.open(database_url) as other:
        controllers = [Borders(store.database), Borders(other)]
        for change in ("began", "ended"):
            await asyncio.gather(*(one.pass_due() for one in [*controllers, *controllers]))
            found = await store.value(
                "SELECT array_agg(count) FROM (SELECT count(*) FROM event_outbox"
                " WHERE convert_from(body, 'UTF8')::json ->> 'change' = $1 GROUP BY subject) AS one",
                change,
            )
            assert found == [1] * _MONITORS
            await store.value(
                "UPDATE maintenance_occurrence SET to_at = now() - interval '1 ms' WHERE window_id = $1", window
            )
    assert await store.value("SELECT count(*) FROM monitor_in_maintenance") == 0


async def test_a_controller_killed_before_it_commits_leaves_all_to_the_next(store: Store) -> None:
    await store.monitor()
    now = utc_now()
    since = now - timedelta(seconds=2)
    await window_of_all(store, now - timedelta(seconds=1), None)
    async with store.database.connection() as connection:
        killed = connection.transaction()
        await killed.start()
        monitors = await borders.differing(connection, since, now)
        await borders.apply(connection, await borders.lock(connection, monitors, wait=False), since, now)
        await killed.rollback()
    assert await store.value("SELECT count(*) FROM event_outbox") == 0
    assert len((await applied(store, since, now)).began) == 1
    assert len((await applied(store, since, now)).began) == 0
    assert await store.value("SELECT count(*) FROM event_outbox") == 1


async def test_loops_and_changes_at_once_end_without_a_deadlock(store: Store, database_url: str) -> None:
    """A deadlock would end one of them with StoreUnavailableError."""
    monitors = [await store.monitor() for _ in range(8)]
    numbers = [one.id for one in monitors]
    now = utc_now()
    await window_of_all(store, now - timedelta(seconds=1), now + timedelta(hours=1))

    async with Database.open(database_url) as other:

        async def change_status(number: int, status: MonitorStatus) -> None:
            async with other.transaction() as connection:
                await borders.lock(connection, [number], wait=True)
                await by_status.keep(connection, {number: status is MonitorStatus.MAINTENANCE}, utc_now())

        async def change_many() -> None:
            async with other.transaction() as connection:
                await borders.lock(connection, numbers, wait=True)
                await by_status.keep(connection, dict.fromkeys(numbers, True), utc_now())

        async def change_window() -> None:
            """As operations do: the window first, which may stand for a status, then its monitors."""
            found = await store.value("SELECT max(id) FROM maintenance_window")
            async with store.database.transaction() as connection:
                await windows.lock(connection, store.organization, found)
                await asyncio.sleep(0)
                locked = await borders.lock(connection, await borders.monitors_of(connection, found), wait=True)
                if locked:
                    await borders.apply(connection, locked, now, utc_now())

        async def again(work: Callable[[], Awaitable[None]]) -> None:
            for _ in range(12):
                await work()

        loops = [Borders(store.database), Borders(other)]
        async with asyncio.timeout(60):
            await asyncio.gather(
                *(again(loop.pass_due) for loop in loops),
                again(change_many),
                again(change_window),
                *(again(partial(change_status, number, MonitorStatus.MAINTENANCE)) for number in numbers[:3]),
                *(again(partial(change_status, number, MonitorStatus.ACTIVE)) for number in numbers[:4]),
            )
    twice = await store.value(
        "SELECT count(*) FROM (SELECT body, lag(convert_from(body, 'UTF8')::json ->> 'change') OVER"
        " (PARTITION BY subject ORDER BY id) AS before FROM event_outbox) AS one"
        " WHERE convert_from(body, 'UTF8')::json ->> 'change' = before"
    )
    assert twice == 0, "began and ended take turns"
