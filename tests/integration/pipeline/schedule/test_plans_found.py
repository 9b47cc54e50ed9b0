"""The plan of a check is found when its result comes, however much is planned and whichever version recorded it."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

from controller.model import GapReason
from controller.store.checks.dispatch import Expected, expect
from controller.store.checks.expected_results import store_expected
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def test_a_plan_of_another_version_is_found(small_installation: SmallInstallation) -> None:
    """During an update, controllers that store no due second with their plans work beside new ones."""
    result = a_result(await small_installation.monitor(), due_at=utc_now(), purpose=Purpose.RECHECK)
    number = await small_installation.value("SELECT id FROM monitor")
    location_id = await small_installation.value("SELECT id FROM location WHERE code = 'de'")
    due_ms = to_ms(result.due_at)
    await expect(
        small_installation.db,
        [Expected(number, due_ms, location_id, result.purpose, GapReason.NO_RESULT, due_ms + 60_000)],
    )
    await small_installation.value("UPDATE dispatch SET due_second = DEFAULT")
    [stored] = await store_expected(small_installation.db, [result])
    assert stored is not None
    assert stored.expected


async def test_among_a_hundred_thousand_rechecks_those_of_a_batch_are_found_in_no_time(
    small_installation: SmallInstallation,
) -> None:
    """This happens when a widely monitored provider fails. As a join of tables without statistics it took a minute."""
    begun = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    await small_installation.monitor()
    await small_installation.value(
        "ALTER TABLE monitor DISABLE TRIGGER notify_change"
    )  # nothing listens for it here, and it would take most of the time
    await small_installation.value(
        "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
        " timeout_seconds, config, target_changed_at) SELECT organization_id, customer_id, kind, name, hostname,"
        " status, interval_seconds, timeout_seconds, config, target_changed_at FROM monitor, generate_series(1, 50000)"
    )
    await small_installation.value(
        "INSERT INTO dispatch (settle_at, due_second, monitor_ids, due_ats, location_ids, purpose, reason)"
        " SELECT now() + interval '1 hour', due_at, array_agg(id), array_agg(due_at), array_agg(location_id),"
        "   'recheck', 'no_result'"
        " FROM (SELECT monitor.id, location.id AS location_id, $1::timestamptz + monitor.id % 60 * interval '1 second'"
        "   AS due_at FROM monitor, location) AS planned GROUP BY due_at",
        begun,
    )
    some = await small_installation.rows("SELECT public_id, id % 60 FROM monitor ORDER BY id % 60, id LIMIT 256")
    batch = [
        a_result(monitor, due_at=begun + timedelta(seconds=second), purpose=Purpose.RECHECK) for monitor, second in some
    ]
    batch.append(a_result(some[0][0], due_at=begun + timedelta(seconds=59), purpose=Purpose.RECHECK))
    began = perf_counter()
    outcomes = await store_expected(small_installation.db, batch)
    assert perf_counter() - began < 10
    assert [stored.expected for stored in outcomes if stored] == [True] * 256 + [False]
