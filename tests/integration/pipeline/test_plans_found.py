"""What was planned is found again when its result comes: however much is planned, and whoever wrote it down."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

from controller.model import GapReason
from controller.store.checks.dispatch import Expected, expect
from controller.store.checks.expected_results import store_asked
from shared.clock import utc_now
from shared.wire.rounds import Purpose, to_ms
from tests.integration.pipeline.world import World, a_result


async def test_a_plan_of_another_version_is_found(world: World) -> None:
    """While an installation is updated, controllers that write no second with their plans work beside new ones."""
    result = a_result(await world.monitor(), due_at=utc_now(), purpose=Purpose.RECHECK)
    number = await world.value("SELECT id FROM monitor")
    place = await world.value("SELECT id FROM location WHERE code = 'de'")
    due_ms = to_ms(result.due_at)
    await expect(world.db, [Expected(number, due_ms, place, result.purpose, GapReason.NO_RESULT, due_ms + 60_000)])
    await world.value("UPDATE dispatch SET due_second = DEFAULT")
    [stored] = await store_asked(world.db, [result])
    assert stored is not None
    assert stored.asked


async def test_among_a_hundred_thousand_rechecks_those_of_a_batch_are_found_in_no_time(world: World) -> None:
    """As when a provider fails whom everybody watches. As a join of tables without statistics it took a minute."""
    begun = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    await world.monitor()
    await world.value("ALTER TABLE monitor DISABLE TRIGGER tell_change")  # nobody listens, and it takes longest by far
    await world.value(
        "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
        " timeout_seconds, config, target_changed_at) SELECT organization_id, customer_id, kind, name, hostname,"
        " status, interval_seconds, timeout_seconds, config, target_changed_at FROM monitor, generate_series(1, 50000)"
    )
    await world.value(
        "INSERT INTO dispatch (settle_at, due_second, monitor_ids, due_ats, location_ids, purpose, reason)"
        " SELECT now() + interval '1 hour', due_at, array_agg(id), array_agg(due_at), array_agg(location_id),"
        "   'recheck', 'no_result'"
        " FROM (SELECT monitor.id, location.id AS location_id, $1::timestamptz + monitor.id % 60 * interval '1 second'"
        "   AS due_at FROM monitor, location) AS planned GROUP BY due_at",
        begun,
    )
    some = await world.rows("SELECT public_id, id % 60 FROM monitor ORDER BY id % 60, id LIMIT 256")
    batch = [
        a_result(monitor, due_at=begun + timedelta(seconds=second), purpose=Purpose.RECHECK) for monitor, second in some
    ]
    batch.append(a_result(some[0][0], due_at=begun + timedelta(seconds=59), purpose=Purpose.RECHECK))
    began = perf_counter()
    outcomes = await store_asked(world.db, batch)
    assert perf_counter() - began < 10
    assert [stored.asked for stored in outcomes if stored] == [True] * 256 + [False]
