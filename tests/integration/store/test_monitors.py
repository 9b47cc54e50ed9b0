from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.model import Monitor, MonitorStatus
from controller.store.monitors import monitors
from controller.store.monitors.scheduled import monitor_to_trigger, scheduled_monitor, scheduled_monitors
from controller.store.platform.pool import connect
from tests.integration.store.conftest import Store

ACTIVE, MAINTENANCE, DISABLED = MonitorStatus


async def changed(store: Store, monitor: Monitor, **fields: Any) -> Monitor:
    after = await monitors.change(
        store.database,
        store.organization,
        ("smtp",),
        monitor.public_id,
        lambda before: msgspec.structs.replace(before, **fields),
    )
    assert after is not None
    return after


async def test_what_is_inserted_is_what_is_read(store: Store) -> None:
    made = await store.monitor(
        port=587, config={"b": [1, "ü"], "a": None}, allowed_check_country_codes=["DE"], notification_email="a@b"
    )
    assert made == await monitors.by_identifier(store.database, store.organization, ("smtp",), made.public_id)
    assert (made.config, list(made.config)) == ({"b": [1, "ü"], "a": None}, ["b", "a"])
    assert (made.customer_name, made.last_checked_at) == ("C", None)


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        pytest.param({}, {"hostname": "other.example.com"}, True, id="another host"),
        pytest.param({}, {"port": 587}, True, id="a port where there was none"),
        pytest.param({"port": 587}, {"port": None}, True, id="without the port it had"),
        pytest.param({}, {"config": {"secure": True}}, True, id="another config"),
        pytest.param({"status": DISABLED}, {"status": ACTIVE}, True, id="activated"),
        pytest.param({"status": DISABLED}, {"status": MAINTENANCE}, True, id="from disabled to maintenance"),
        pytest.param({"status": MAINTENANCE}, {"status": ACTIVE}, False, id="from maintenance to active"),
        pytest.param({}, {"status": DISABLED}, False, id="disabled"),
        pytest.param({}, {"name": "other", "interval_seconds": 90, "timeout_seconds": 5}, False, id="name and times"),
        pytest.param({}, {"ipv4": "192.0.2.1"}, False, id="an address that is not used"),
        pytest.param({"ipv4": "192.0.2.1"}, {"resolve_dns": False}, True, id="an address that is used from now on"),
        pytest.param({}, {"location_ids": [1], "rotate_locations": True}, False, id="the locations that check"),
        pytest.param({"config": {"a": 1}, "port": 25}, {}, False, id="nothing"),
    ],
)
async def test_a_first_round_is_due_at_once_after_a_change_of_target(
    store: Store, before: dict[str, Any], after: dict[str, Any], moves: bool
) -> None:
    made = await store.monitor(**before)
    await asyncio.sleep(0.002)  # timestamps are stored in milliseconds
    now = await changed(store, made, **after)
    assert (now.target_changed_at > made.target_changed_at) is moves
    assert (now.updated_at > made.updated_at) is bool(after)
    assert (now.maintenance is not None) is (now.status is MAINTENANCE)
    left = {name: getattr(made, name) for name in ("target_changed_at", "updated_at", "maintenance")}
    assert msgspec.structs.replace(now, **left) == msgspec.structs.replace(made, **after)


async def test_a_decision_that_raises_changes_nothing(store: Store) -> None:
    made = await store.monitor()

    def refuse(_monitor: Monitor) -> Monitor:
        raise LookupError

    with pytest.raises(LookupError):
        await monitors.change(store.database, store.organization, ("smtp",), made.public_id, refuse)
    assert made == await monitors.by_identifier(store.database, store.organization, ("smtp",), made.public_id)


async def test_another_organization_kind_or_id_finds_nothing(store: Store) -> None:
    made = await store.monitor()
    for organization, kind, public_id in (
        (store.organization + 1, ("smtp",), made.public_id),
        (store.organization, ("imap", "pop3"), made.public_id),
        (store.organization, ("smtp",), UUID(int=1)),
    ):
        assert await monitors.by_identifier(store.database, organization, kind, public_id) is None
        assert await monitors.change(store.database, organization, kind, public_id, lambda monitor: monitor) is None


async def test_a_deleted_monitor_is_gone_for_every_reader_but_stays_in_its_table(store: Store) -> None:
    made = await store.monitor()
    assert await monitors.soft_delete(store.database, made.id)
    assert not await monitors.soft_delete(store.database, made.id)
    assert await monitors.by_identifier(store.database, store.organization, ("smtp",), made.public_id) is None
    page = await monitors.page_of(store.database, store.organization, ("smtp",), limit=10, offset=0)
    assert (page.monitors, page.total) == ([], 0)
    assert await scheduled_monitor(store.database, made.id) is None
    assert await monitor_to_trigger(store.database, made.id) is None
    assert await store.value("SELECT count(*) FROM monitor") == 1


async def test_last_checked_is_the_latest_of_all_locations(store: Store) -> None:
    made = await store.monitor()
    for location, checked_at in ((1, "2026-01-01 12:00+00"), (2, "2026-01-01 13:00+00"), (3, None)):
        await store.value(
            "INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms, checked_at)"
            " VALUES ($1, $2, now(), 'success', 1, $3::text::timestamptz)",
            made.id,
            location,
            checked_at,
        )
    read = await monitors.by_identifier(store.database, store.organization, ("smtp",), made.public_id)
    assert read is not None
    assert read.last_checked_at is not None
    assert read.last_checked_at.isoformat() == "2026-01-01T13:00:00+00:00"


@pytest.mark.parametrize(("status", "scheduled"), [(ACTIVE, True), (MAINTENANCE, True), (DISABLED, False)])
async def test_only_active_monitors_and_those_in_maintenance_are_scheduled(
    store: Store, status: MonitorStatus, scheduled: bool
) -> None:
    made = await store.monitor(status=status, config={"auth": {"user": "u"}})
    one = await scheduled_monitor(store.database, made.id)
    assert (one is not None) is scheduled
    assert await scheduled_monitors(store.database) == ([one] if scheduled else [])
    any_status = await monitor_to_trigger(store.database, made.id)
    assert any_status is not None
    assert any_status.config == {"auth": {"user": "u"}}
    assert one in (None, any_status)


@pytest.mark.parametrize(
    ("monitor", "customer", "organization", "effective"),
    [
        (None, None, None, None),
        (None, None, ["DE"], ["DE"]),
        (None, ["US"], ["DE"], ["US"]),
        (["JP"], ["US"], ["DE"], ["JP"]),
    ],
)
async def test_the_first_country_list_there_is_counts(
    store: Store,
    monitor: list[str] | None,
    customer: list[str] | None,
    organization: list[str] | None,
    effective: list[str] | None,
) -> None:
    made = await store.monitor(allowed_check_country_codes=monitor)
    await store.value("UPDATE customer SET allowed_check_country_codes = $1 WHERE id = $2", customer, store.customer)
    await store.value("UPDATE organization SET allowed_check_country_codes = $1", organization)
    scheduled = await scheduled_monitor(store.database, made.id)
    assert scheduled is not None
    assert scheduled.allowed_check_country_codes == effective


async def test_every_change_is_announced_to_all_controllers(store: Store, database_url: str) -> None:
    notified: list[str] = []
    listener = await connect(database_url)
    try:
        await listener.add_listener("mailprobe_change", lambda *notice: notified.append(str(notice[3])))
        made = await store.monitor()
        await changed(store, made, name="other")
        await monitors.soft_delete(store.database, made.id)
        async with asyncio.timeout(15):
            while len(notified) < 3:
                await asyncio.sleep(0.01)
    finally:
        await listener.close()
    assert notified == [f"monitor:{made.id}"] * 3


async def test_a_hundred_thousand_monitors_load_in_a_few_seconds(store: Store) -> None:
    await store.value(
        "ALTER TABLE monitor DISABLE TRIGGER notify_change"
    )  # nothing listens for it here, and it would take most of the time
    await store.value(
        "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
        """ timeout_seconds, config) SELECT $1, $2, 'smtp', 'M', 'h' || n, 'active', 60, 30, '{"secure":false}'"""
        " FROM generate_series(1, 100000) n",
        store.organization,
        store.customer,
    )
    began = time.process_time()
    loaded = await scheduled_monitors(store.database)
    assert len(loaded) == 100_000
    assert time.process_time() - began < 5
