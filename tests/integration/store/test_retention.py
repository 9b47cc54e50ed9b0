"""What is kept no longer is removed: of the installation as whole partitions, of an organization in small batches."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.history.retention import NOTICE, RetentionChoice
from controller.model import Monitor
from controller.model.retention import DETAIL_DAYS, Retention
from controller.pipeline.housekeeping import maintain_partitions, prepare_partitions
from controller.pipeline.retention.removal import remove_expired
from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from controller.store.platform import locks
from controller.store.platform.partitions import make_partitions
from controller.store.retention import choices, removal
from shared.clock import utc_now
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DAY, HOUR, result, rollups

FIVE_DAYS = 5


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    """A midnight five days ago, since which there are partitions; all is rolled up until this hour."""
    begin = midnight - 3 * DAY
    await make_partitions(store.database, begin.date(), utc_now().date())
    await store.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", begin)
    return begin


async def keep(store: Store, organization: int | None, chosen: Retention, *, at: datetime | None = None) -> None:
    """Choose it, in force since `at` or before."""
    async with store.database.transaction() as connection:
        if organization is not None:
            await choices.of_organization(connection, organization, lock=True)
        choice = RetentionChoice(chosen=chosen)
        if at is not None:
            choice = RetentionChoice(chosen=chosen, before=Retention(), takes_effect_at=at)
        await choices.save(connection, organization, choice)


async def fill(store: Store, monitor: Monitor, begin: datetime) -> None:
    """Two results for each of the five days, and a gap; all rolled up."""
    moments = [begin + day * DAY + hour * HOUR for day in range(FIVE_DAYS) for hour in (1, 2)]
    await store_results(store.database, [result(monitor.public_id, at) for at in moments])
    for day in range(FIVE_DAYS):
        await store.value(
            "INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)"
            " SELECT $1, $2, $2, id, 'scheduled', 'late' FROM location WHERE code = 'us'",
            monitor.id,
            begin + day * DAY,
        )


DAYS = {
    "result": "SELECT DISTINCT (due_at AT TIME ZONE 'UTC')::date FROM result WHERE monitor_id = $1 ORDER BY 1",
    "gap": "SELECT DISTINCT (from_at AT TIME ZONE 'UTC')::date FROM gap WHERE monitor_id = $1 ORDER BY 1",
    "rollup": "SELECT DISTINCT (bucket_at AT TIME ZONE 'UTC')::date FROM rollup WHERE monitor_id = $1 ORDER BY 1",
    "uptime": "SELECT DISTINCT (bucket_at AT TIME ZONE 'UTC')::date FROM uptime WHERE monitor_id = $1 ORDER BY 1",
}


async def days_of(store: Store, monitor: Monitor, table: str = "result") -> list[date]:
    async with store.database.connection() as connection:
        return [day for (day,) in await connection.fetch(DAYS[table], monitor.id)]


def last_days(number: int) -> list[date]:
    """Of the five days before today, the latest."""
    today = utc_now().date()
    return [today - timedelta(days=back) for back in range(FIVE_DAYS, 0, -1)][-number:]


async def test_of_the_installation_days_are_emptied_and_still_there(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await fill(store, monitor, begin)
    await roll_up(store.database)
    before = await rollups(store, monitor)
    await keep(store, None, Retention(results_days=2, rollups_months=24))
    await maintain_partitions(store.database)
    assert await days_of(store, monitor) == last_days(2)
    assert await days_of(store, monitor, "gap") == last_days(2)
    late = result(monitor.public_id, begin + 3 * HOUR)
    assert all(await store_results(store.database, [late]))  # a late result does not stay in the queue for good
    await roll_up(store.database)
    assert await rollups(store, monitor) == before  # it does not replace the figures of results that are gone
    await maintain_partitions(store.database)
    assert await days_of(store, monitor) == last_days(2)


async def test_figures_of_results_that_are_gone_stay_when_more_is_kept_again(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await fill(store, monitor, begin)
    await roll_up(store.database)
    before = await rollups(store, monitor)
    await keep(store, None, Retention(results_days=2, rollups_months=24))
    await maintain_partitions(store.database)
    await keep(store, None, Retention(results_days=30, rollups_months=24))
    await store_results(store.database, [result(monitor.public_id, begin + HOUR, "us")])
    await roll_up(store.database)
    assert await rollups(store, monitor) == before


async def test_late_results_of_a_day_that_goes_at_midnight_replace_no_figures(store: Store, begin: datetime) -> None:
    """Its results may go while they are rolled up, or between the clocks of two controllers."""
    monitor = await store.monitor()
    await fill(store, monitor, begin)
    await roll_up(store.database)
    before = await rollups(store, monitor)
    await keep(store, None, Retention(results_days=2, rollups_months=24))
    await store_results(store.database, [result(monitor.public_id, begin + HOUR, "us")])
    await roll_up(store.database, begin + 3 * DAY - timedelta(minutes=10))
    assert await rollups(store, monitor) == before


async def test_days_that_are_not_rolled_up_yet_are_not_emptied(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await fill(store, monitor, begin)
    await keep(store, None, Retention(results_days=1, rollups_months=24))
    await maintain_partitions(store.database)
    assert await days_of(store, monitor) == last_days(5)


async def test_days_beyond_those_that_are_kept_are_dropped(store: Store) -> None:
    today, names = utc_now().date(), "SELECT count(*) FROM pg_class WHERE relname LIKE 'result_2%' AND relkind = 'r'"
    await prepare_partitions(store.database)
    for back in (DETAIL_DAYS, DETAIL_DAYS + 1, 90, 91):
        day = today - timedelta(days=back)
        bounds = f"FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
        await store.value(f"CREATE TABLE result_{day:%Y%m%d} PARTITION OF result FOR VALUES {bounds}")
    before = await store.value(names)
    await keep(store, None, Retention(results_days=90, rollups_months=24))
    await maintain_partitions(store.database)
    assert before - await store.value(names) == 1
    await keep(store, None, Retention(results_days=7, rollups_months=24))
    await maintain_partitions(store.database)
    assert before - await store.value(names) == 3  # those of the last 30 days stay, for late results


async def test_nothing_is_removed_before_the_moment_that_was_announced(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await fill(store, monitor, begin)
    await roll_up(store.database)
    await keep(store, None, Retention(results_days=2, rollups_months=24), at=utc_now() + NOTICE)
    await keep(store, store.organization, Retention(results_days=1), at=utc_now() + HOUR)
    await maintain_partitions(store.database)
    await remove_expired(store.database)
    assert await days_of(store, monitor) == last_days(5)


async def monitor_of_other_organization(store: Store) -> Monitor:
    other = await store.value("INSERT INTO organization (name) VALUES ('P') RETURNING id")
    customer = await store.value("INSERT INTO customer (organization_id, name) VALUES ($1, 'E') RETURNING id", other)
    return await store.monitor(organization_id=other, customer_id=customer)


class TestOfOneOrganization:
    async def test_its_results_and_gaps_go_and_all_else_stays(
        self, store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(removal, "ROWS_AT_ONCE", 3)
        own, deleted, other = await store.monitor(), await store.monitor(), await monitor_of_other_organization(store)
        for monitor in (own, deleted, other):
            await fill(store, monitor, begin)
        await roll_up(store.database)
        await store.value("UPDATE monitor SET deleted_at = now() WHERE id = $1", deleted.id)
        figures = await rollups(store, own)
        await keep(store, store.organization, Retention(results_days=2))
        await remove_expired(store.database)
        for monitor in (own, deleted):
            assert await days_of(store, monitor) == last_days(2)
            assert await days_of(store, monitor, "gap") == last_days(2)
        assert await days_of(store, other) == last_days(5)
        await store_results(store.database, [result(own.public_id, begin + 3 * HOUR)])
        await roll_up(store.database)
        assert await rollups(store, own) == figures

    async def test_its_figures_stay_when_more_is_kept_again(self, store: Store, begin: datetime) -> None:
        own = await store.monitor()
        await fill(store, own, begin)
        await roll_up(store.database)
        figures = await rollups(store, own)
        await keep(store, store.organization, Retention(results_days=2))
        await remove_expired(store.database)
        await keep(store, store.organization, Retention())
        await store_results(store.database, [result(own.public_id, begin + HOUR, "us")])
        await roll_up(store.database)
        assert await rollups(store, own) == figures

    async def test_each_day_is_removed_when_it_ended(self, store: Store, begin: datetime) -> None:
        own = await store.monitor()
        await fill(store, own, begin)
        await roll_up(store.database)
        await keep(store, store.organization, Retention(results_days=4))
        now = utc_now()
        await remove_expired(store.database, now)
        assert await days_of(store, own) == last_days(4)
        await store.value("UPDATE rollup_progress SET rolled_until = $1", now + 2 * DAY)
        await remove_expired(store.database, now + DAY)
        assert await days_of(store, own) == last_days(3)
        await store_results(store.database, [result(own.public_id, begin + 3 * HOUR)])
        await remove_expired(store.database, now + 2 * DAY)
        assert await days_of(store, own) == last_days(2)  # what came late is removed, too

    async def test_its_roll_ups_go_by_months(self, store: Store, midnight: datetime) -> None:
        own, other = await store.monitor(), await monitor_of_other_organization(store)
        month = (utc_now().replace(day=1) - 70 * DAY).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        ends = (month + 32 * DAY).replace(day=1)
        for table in ("rollup", "uptime"):
            await store.value(
                f"CREATE TABLE {table}_{month:%Y%m} PARTITION OF {table} FOR VALUES FROM ('{month}') TO ('{ends}')"
            )
        for monitor in (own, other):
            for at in (month + DAY, midnight):
                await self._summaries(store, monitor, at)
        await keep(store, store.organization, Retention(results_days=28, rollups_months=1))
        await remove_expired(store.database)
        for table in ("rollup", "uptime"):
            assert await days_of(store, own, table) == [midnight.date()]
            assert await days_of(store, other, table) == [(month + DAY).date(), midnight.date()]

    async def _summaries(self, store: Store, monitor: Monitor, at: datetime) -> None:
        await store.value(
            "INSERT INTO rollup SELECT $1, 86400, $2, id, 1, 0, 0, 0, 1, 1, 1, '{}', '{}' FROM location", monitor.id, at
        )
        await store.value("INSERT INTO uptime VALUES ($1, 86400, $2, 1, 0)", monitor.id, at)

    async def test_one_controller_removes_at_a_time(self, store: Store, begin: datetime) -> None:
        own = await store.monitor()
        await fill(store, own, begin)
        await roll_up(store.database)
        await keep(store, store.organization, Retention(results_days=2))
        async with store.database.transaction() as busy:
            await busy.execute("SELECT pg_advisory_xact_lock($1)", locks.RETENTION)
            await remove_expired(store.database)
        assert await days_of(store, own) == last_days(5)
        await remove_expired(store.database)
        assert await days_of(store, own) == last_days(2)


async def test_the_installation_keeps_thirty_days_and_two_years_until_somebody_says_otherwise(store: Store) -> None:
    async with store.database.connection() as connection:
        held: Any = await choices.kept_by(connection, store.organization, datetime(2026, 1, 1, tzinfo=UTC))
    assert held == (30, 24, 400)
