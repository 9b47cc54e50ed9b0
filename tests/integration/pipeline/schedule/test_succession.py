"""One controller takes over from another: no check is lost, doubled or recorded with a wrong reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from controller.model import GapReason
from controller.pipeline.housekeeping import prepare_partitions, settle_checks
from controller.store.checks.dispatch import GapRange
from controller.store.checks.leadership import leadership
from controller.store.monitors.scheduled import monitor_to_trigger
from controller.store.platform import locks
from controller.store.platform.pool import connect
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.wire.rounds import next_due_ms
from tests.integration.pipeline.scheduling import controller, requests
from tests.integration.pipeline.small_installation import SmallInstallation, eventually


async def test_the_standby_goes_on_when_the_leader_is_gone_and_nothing_is_lost_or_doubled(
    small_installation: SmallInstallation, database_url: str
) -> None:
    """Rounds before, while and after nobody leads; of many monitors, because each may begin half an interval late."""
    async with (
        controller(small_installation, database_url, "one") as one,
        controller(small_installation, database_url, "two") as two,
    ):
        for tenths in range(15, 50, 3):
            await small_installation.monitor(interval=60, due_in=(tenths / 10, tenths / 10 + 0.3))
        expected = [
            (monitor, due)
            for monitor, first in await small_installation.rows("SELECT public_id, target_changed_at FROM monitor")
            for due in (to_ms(first), next_due_ms(monitor, 60_000, to_ms(first), to_ms(first)))
            if due < to_ms(utc_now()) + 30_000
        ]
        taken = await requests(small_installation, "DE", len(expected) // 2 + 1)
        leader = await small_installation.value("SELECT leader FROM schedule")
        await {"one": one, "two": two}[leader].die()
        latest = await small_installation.monitor(interval=60)
        expected.append((latest, to_ms(await small_installation.value("SELECT max(target_changed_at) FROM monitor"))))
        taken += await requests(small_installation, "DE", len(expected) - len(taken))
        taken += await small_installation.take_requests("DE")
        assert await small_installation.value("SELECT leader FROM schedule") != leader
    assert sorted((request.monitor_id, to_ms(request.due_at)) for request in taken) == sorted(expected)


async def test_a_leader_that_gives_no_sign_of_life_is_replaced(
    small_installation: SmallInstallation, database_url: str
) -> None:
    frozen = await connect(database_url)
    await frozen.execute("SELECT pg_advisory_lock($1)", locks.LEADER)
    await frozen.execute(
        "UPDATE schedule SET leader = 'frozen', leader_backend = pg_backend_pid(), epoch = epoch + 1,"
        " beat_at = clock_timestamp() - interval '4 s'"
    )
    async with controller(small_installation, database_url, "standby"):

        async def replaced() -> bool:
            return (
                bool(await small_installation.value("SELECT leader = 'standby' FROM schedule")) and frozen.is_closed()
            )

        await eventually(replaced)


async def _nobody_led_for_half_an_hour(installation: SmallInstallation) -> tuple[UUID, datetime, datetime]:
    """A monitor that was checked each minute before, the present moment, and the last one that was planned."""
    monitor = await installation.monitor(interval=60)
    await installation.value("UPDATE monitor SET target_changed_at = now() - interval '1 hour'")
    began = utc_now()
    start = began - timedelta(minutes=30)
    await installation.value("UPDATE schedule SET watermark = $1, planned_until = $1", start)
    return monitor, began, start


async def test_rounds_of_a_long_absence_become_one_gap_a_location(
    small_installation: SmallInstallation, database_url: str
) -> None:
    monitor, began, start = await _nobody_led_for_half_an_hour(small_installation)
    async with controller(small_installation, database_url):

        async def gaps() -> list[tuple[object, ...]]:
            return await small_installation.rows("SELECT from_at, to_at, reason FROM gap ORDER BY location_id")

        found = await eventually(gaps)
        ended = utc_now()
    assert len(found) == 2
    for first, last, reason in found:
        assert isinstance(first, type(start))
        assert isinstance(last, type(start))
        assert to_ms(first) == next_due_ms(monitor, 60_000, 0, to_ms(start))
        assert began - timedelta(seconds=161) < last < ended - timedelta(seconds=99)
        assert reason == "late"


async def test_gaps_that_a_fallen_leader_recorded_get_a_later_end(
    small_installation: SmallInstallation, database_url: str
) -> None:
    monitor, began, start = await _nobody_led_for_half_an_hour(small_installation)
    first = to_datetime(next_due_ms(monitor, 60_000, 0, to_ms(start)))
    async with leadership(database_url, "fallen") as fallen:
        number = await small_installation.value("SELECT id FROM monitor")
        here = await small_installation.value("SELECT min(id) FROM location")
        gap = GapRange(number, first, first + timedelta(minutes=3), [here])
        await fallen.record_gaps({GapReason.LATE: [gap]})
    async with controller(small_installation, database_url):

        async def gaps() -> list[tuple[object, ...]]:
            found = await small_installation.rows("SELECT from_at, to_at FROM gap ORDER BY location_id")
            return found if len(found) > 1 else []

        found = await eventually(gaps)
    assert found[0] == found[1]
    assert found[0][0] == first
    assert began - timedelta(seconds=161) < found[0][1]  # type: ignore[operator]


async def test_a_leader_that_records_gaps_is_alive(small_installation: SmallInstallation, database_url: str) -> None:
    async with leadership(database_url, "one") as lead:
        await small_installation.value("UPDATE schedule SET beat_at = now() - interval '1 hour'")
        await lead.record_gaps({})
        assert await small_installation.value("SELECT beat_at > now() - interval '30 minutes' FROM schedule")


async def test_an_absence_longer_than_history_is_kept_ends_in_scheduling_again(
    small_installation: SmallInstallation, database_url: str
) -> None:
    monitor = await small_installation.monitor(interval=3600)
    start = utc_now() - timedelta(days=40)
    await small_installation.value("UPDATE monitor SET target_changed_at = $1", start)
    await small_installation.value("UPDATE schedule SET watermark = $1, planned_until = $1", start)
    await small_installation.value(
        "INSERT INTO dispatch (settle_at, monitor_ids, due_ats, location_ids, purpose, reason)"
        " SELECT $1, ARRAY[monitor.id], ARRAY[$1::timestamptz], ARRAY[1], 'scheduled', 'no_result' FROM monitor",
        start,
    )
    await prepare_partitions(small_installation.db)
    async with controller(small_installation, database_url) as it:

        async def gaps() -> list[tuple[object, ...]]:
            return await small_installation.rows("SELECT from_at FROM gap")

        for (first,) in await eventually(gaps):
            assert utc_now() - timedelta(days=30) < first  # type: ignore[operator]
        await settle_checks(small_installation.db)
        assert await small_installation.value("SELECT count(*) FROM dispatch") == 0
        stored = await monitor_to_trigger(
            small_installation.db, await small_installation.value("SELECT id FROM monitor")
        )
        assert stored
        await it.dispatcher.dispatch_triggered(stored, it.registry.configured(["DE"]))
        assert [request.monitor_id for request in await requests(small_installation, "DE", 1)] == [monitor]


async def test_a_round_that_a_fallen_leader_wrote_down_is_not_called_late(
    small_installation: SmallInstallation, database_url: str
) -> None:
    """Its requests may have reached the agents, and their results may be on the way."""
    monitor = await small_installation.monitor(interval=10)
    began = utc_now()
    first = began - timedelta(seconds=90)
    written = began - timedelta(seconds=30)
    await small_installation.value("UPDATE monitor SET target_changed_at = $1", first)
    await small_installation.value(
        "UPDATE schedule SET watermark = $1, planned_until = $2", written - timedelta(seconds=25), written
    )
    async with controller(small_installation, database_url):

        async def caught_up() -> bool:
            return bool(await small_installation.value("SELECT planned_until >= $1 FROM schedule", began))

        await eventually(caught_up)
    late = {
        to_ms(due)
        for (due,) in await small_installation.rows("SELECT unnest(due_ats) FROM dispatch WHERE reason = 'late'")
    }
    assert min(late) == next_due_ms(monitor, 10_000, to_ms(first), to_ms(written))


async def test_a_change_while_the_leader_catches_up_loses_no_round(
    small_installation: SmallInstallation, database_url: str
) -> None:
    monitor = await small_installation.monitor(interval=10)
    began = utc_now()
    first = began - timedelta(seconds=60)
    await small_installation.value("UPDATE monitor SET target_changed_at = $1", first)
    await small_installation.value(
        "UPDATE schedule SET watermark = $1, planned_until = $1", first - timedelta(seconds=1)
    )
    async with controller(small_installation, database_url):

        async def caught_up() -> bool:
            await small_installation.value("UPDATE monitor SET name = name || '.'")
            return bool(await small_installation.value("SELECT planned_until >= $1 FROM schedule", began))

        await eventually(caught_up)
        until = to_ms(await small_installation.value("SELECT planned_until FROM schedule"))
    planned = {to_ms(due) for (due,) in await small_installation.rows("SELECT DISTINCT unnest(due_ats) FROM dispatch")}
    rounds, due = {to_ms(first)}, to_ms(first)
    while (due := next_due_ms(monitor, 10_000, to_ms(first), due)) < until:
        rounds.add(due)
    assert rounds <= planned
