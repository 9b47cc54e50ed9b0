"""What a customer's package keeps no longer is removed, a day after it was set."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.decisions.history.retention import NOTICE
from controller.model import Monitor
from controller.model.retention import Retention
from controller.pipeline.retention.removal import remove_expired
from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from controller.store.retention import choices
from shared.clock import utc_now
from tests.integration.store.conftest import Store
from tests.integration.store.test_retention import begin, days_of, fill, keep, last_days
from tests.integration.store.test_rollups import DAY, HOUR, result, rollups

__all__ = ["begin"]

MONTH_LATER = 28 * DAY
"""Then the results of the last three of the five days are the only ones that are at most 31 days old."""


async def package(store: Store, months: int | None, *, customer: int | None = None) -> None:
    """The customer has a package that keeps so many months, and has had it for a day."""
    await store.value(
        "INSERT INTO package (organization_id, package_type, display_name, data_retention_months, retention_since)"
        " VALUES ($1, 'gold', 'Gold', $2, now() - interval '1 day')"
        " ON CONFLICT (organization_id, package_type) DO UPDATE SET data_retention_months = $2",
        store.organization,
        months,
    )
    await store.value(
        "UPDATE customer SET package_type = 'gold', package_since = now() - interval '1 day' WHERE id = $1",
        customer or store.customer,
    )


async def other_monitor(store: Store) -> Monitor:
    """Of another customer of the organization, who has no package."""
    insert = "INSERT INTO customer (organization_id, name) VALUES ($1, 'E') RETURNING id"
    return await store.monitor(customer_id=await store.value(insert, store.organization))


async def is_rolled_up(store: Store, now: datetime) -> None:
    await store.value("UPDATE rollup_progress SET rolled_until = $1", now)


async def test_results_of_its_customers_go_after_31_days_for_each_month(store: Store, begin: datetime) -> None:
    own, other = await store.monitor(), await other_monitor(store)
    await keep(store, None, Retention(results_days=400, rollups_months=24))
    for monitor in (own, other):
        await fill(store, monitor, begin)
    await roll_up(store.database)
    figures = await rollups(store, own)
    await package(store, 1)
    now = utc_now() + MONTH_LATER
    await is_rolled_up(store, now)
    await remove_expired(store.database, now)
    assert await days_of(store, own) == last_days(3)
    assert await days_of(store, other) == last_days(5), "another customer's stay"
    await store_results(store.database, [result(own.public_id, begin + HOUR, "us")])
    await roll_up(store.database, now)
    assert await rollups(store, own) == figures, "a late result does not replace the figures of those that are gone"
    await package(store, None)
    await store_results(store.database, [result(own.public_id, begin + 2 * HOUR, "us")])
    await roll_up(store.database, now)
    assert await rollups(store, own) == figures, "nor does it when more is kept again"


async def test_two_months_keep_all_of_it(store: Store, begin: datetime) -> None:
    own = await store.monitor()
    await keep(store, None, Retention(results_days=400, rollups_months=24))
    await fill(store, own, begin)
    await package(store, 2)
    now = utc_now() + MONTH_LATER
    await is_rolled_up(store, now)
    await remove_expired(store.database, now)
    assert await days_of(store, own) == last_days(5)


@pytest.mark.parametrize(
    "reset",
    [
        "UPDATE package SET retention_since = $1",
        "UPDATE customer SET package_since = $1",
    ],
    ids=["the number was set", "the customer got the package"],
)
async def test_nothing_goes_within_a_day_after(store: Store, begin: datetime, reset: str) -> None:
    own = await store.monitor()
    await keep(store, None, Retention(results_days=400, rollups_months=24))
    await fill(store, own, begin)
    await package(store, 1)
    now = utc_now() + MONTH_LATER
    await is_rolled_up(store, now + 2 * DAY)
    await store.value(reset, now - NOTICE + timedelta(minutes=1))
    await remove_expired(store.database, now)
    assert await days_of(store, own) == last_days(5)
    await remove_expired(store.database, now + timedelta(minutes=1))
    assert await days_of(store, own) == last_days(3)


async def test_roll_ups_of_its_customers_go_by_months(store: Store, midnight: datetime) -> None:
    own, other = await store.monitor(), await other_monitor(store)
    month = (utc_now().replace(day=1) - 70 * DAY).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = (month + 32 * DAY).replace(day=1)
    await store.value(f"CREATE TABLE rollup_{month:%Y%m} PARTITION OF rollup FOR VALUES FROM ('{month}') TO ('{ends}')")
    for monitor in (own, other):
        for at in (month + DAY, midnight):
            await store.value(
                "INSERT INTO rollup SELECT $1, 86400, $2, id, 1, 0, 0, 0, 1, 1, 1, '{}', '{}' FROM location",
                monitor.id,
                at,
            )
    await package(store, 1)
    await remove_expired(store.database)
    assert await days_of(store, own, "rollup") == [midnight.date()]
    assert await days_of(store, other, "rollup") == [(month + DAY).date(), midnight.date()]


async def test_readers_know_how_long_a_customers_results_are_kept(store: Store) -> None:
    await keep(store, None, Retention(results_days=400, rollups_months=24))
    await package(store, 2)
    other = await other_monitor(store)
    async with store.database.connection() as connection:
        for customer, held in ((store.customer, (62, 2, 62)), (other.customer_id, (400, 24, 400))):
            assert await choices.kept_for(connection, store.organization, customer, utc_now()) == held
