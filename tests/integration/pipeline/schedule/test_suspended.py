"""While a window suspends checks none is requested, and its gaps blame no location."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.pipeline.housekeeping import settle_checks
from controller.store.checks.location_runs import location_runs
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.pipeline.scheduling import controller, requests
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

_WINDOW = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, ends_on, effect, whole_organization)
  SELECT id, 'W', 'UTC', $1::timestamptz AT TIME ZONE 'UTC', $2::timestamptz AT TIME ZONE 'UTC', $3, true
  FROM organization
  RETURNING id
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at) SELECT id, $1, $1, $2 FROM made
"""


async def window(installation: SmallInstallation, first: datetime, last: datetime, effect: str = "suspend") -> None:
    await installation.value(_WINDOW, first, last, effect)


async def settled(installation: SmallInstallation) -> list[tuple[object, ...]]:
    await installation.value("UPDATE dispatch SET settle_at = now() - interval '1 ms'")
    await settle_checks(installation.db)
    return await installation.rows(
        "SELECT DISTINCT purpose::text, reason, code FROM gap JOIN location ON location.id = location_id ORDER BY 3, 1"
    )


async def test_no_round_of_a_suspended_monitor_is_requested(
    small_installation: SmallInstallation, database_url: str
) -> None:
    now = utc_now()
    await window(small_installation, now - timedelta(minutes=1), now + timedelta(minutes=10))
    async with controller(small_installation, database_url) as it:
        await small_installation.monitor(interval=10)
        await it.advance(25_000)
        assert await small_installation.take_requests("DE", 0.3) == []
    gaps = await settled(small_installation)
    assert gaps == [("scheduled", "maintenance", "de"), ("scheduled", "maintenance", "us")]
    assert await small_installation.rows("SELECT * FROM blind_period") == []
    assert await small_installation.rows("SELECT * FROM evaluation") == [], "the verdict of before stays"
    number = await small_installation.value("SELECT id FROM monitor")
    async with small_installation.db.connection() as connection:
        runs = await location_runs(connection, number, rolled_until=now, kept_since=now - timedelta(days=1))
    assert [run.missing_since for run in runs] == [None, None]


async def test_checks_go_on_when_the_window_ends(small_installation: SmallInstallation, database_url: str) -> None:
    now = utc_now()
    ends = now + timedelta(seconds=30)
    await window(small_installation, now - timedelta(minutes=1), ends)
    async with controller(small_installation, database_url) as it:
        await small_installation.monitor(interval=10)
        for _ in range(9):
            await it.advance(5_000)
        [first, *_] = await requests(small_installation, "DE", 1)
    assert first.due_at >= ends
    last = await small_installation.value(
        "SELECT max(due_at) FROM dispatch, unnest(due_ats) AS due_at WHERE reason = 'maintenance'"
    )
    assert last < ends


async def test_a_window_that_only_silences_suspends_nothing(
    small_installation: SmallInstallation, database_url: str
) -> None:
    now = utc_now()
    await window(small_installation, now - timedelta(minutes=1), now + timedelta(minutes=10), "silence")
    async with controller(small_installation, database_url):
        await small_installation.monitor(interval=3600)
        assert len(await requests(small_installation, "DE", 1)) == 1


async def test_a_recheck_that_is_due_inside_is_not_requested(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url):
        await small_installation.monitor(interval=3600)
        [first] = await requests(small_installation, "DE", 1)
        await requests(small_installation, "US", 1)
        due = utc_now() + timedelta(seconds=3)
        await window(small_installation, due - timedelta(milliseconds=1), due + timedelta(minutes=10))
        await small_installation.value(
            "INSERT INTO recheck (monitor_id, round_due_at, due_at) SELECT id, $1, $2 FROM monitor", first.due_at, due
        )

        async def done() -> bool:
            return bool(await small_installation.value("SELECT count(*) = 0 FROM recheck"))

        await eventually(done)
        assert await small_installation.take_requests("DE", 0.3) == []
    gaps = [gap for gap in await settled(small_installation) if gap[0] != Purpose.SCHEDULED]
    assert gaps == [(Purpose.RECHECK.value, "maintenance", "de"), (Purpose.RECHECK.value, "maintenance", "us")]


async def test_an_absence_of_all_controllers_is_cut_at_the_borders_of_the_window(
    small_installation: SmallInstallation, database_url: str
) -> None:
    now = utc_now()
    begins, ends = now - timedelta(minutes=30), now - timedelta(minutes=10)
    await small_installation.monitor(interval=60)
    await small_installation.value("UPDATE monitor SET target_changed_at = $1", now - timedelta(days=1))
    await small_installation.value(
        "UPDATE schedule SET watermark = $1, planned_until = $1", now - timedelta(minutes=50)
    )
    await window(small_installation, begins, ends)
    async with controller(small_installation, database_url):

        async def gaps() -> list[tuple[object, ...]]:
            return await small_installation.rows(
                "SELECT reason, from_at, to_at FROM gap WHERE to_at > from_at AND location_id ="
                " (SELECT min(id) FROM location) ORDER BY from_at"
            )

        found = await eventually(gaps)
    minute = timedelta(minutes=1)
    assert [reason for reason, *_ in found] == ["late", "maintenance", "late"]
    (_, _, before), (_, first, last), (_, after, _) = found
    assert begins - minute <= before < begins <= first < begins + minute  # type: ignore[operator]
    assert ends - minute <= last < ends <= after < ends + minute  # type: ignore[operator]
    assert await small_installation.rows("SELECT DISTINCT reason FROM blind_period") == [("late",)]
