"""A result is accepted of a check that was asked for, or could have been."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.checks.dispatch import GapRange, insert_gap_ranges
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose
from tests.integration.pipeline.asked import (
    HOUR,
    Case,
    Given,
    a_recheck,
    a_round,
    a_triggered_check,
    planned,
    the_first_round,
)
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import a_result


async def _days_late(case: Case) -> CheckResult:
    case.since = utc_now() - timedelta(days=28)
    await case.change("target_changed_at = $2", case.since)
    today = utc_now().date()
    for ago in (27, 26, 25):  # the last one should midnight come now
        day = today - timedelta(days=ago)
        await case.world.value(
            f"CREATE TABLE IF NOT EXISTS result_{day:%Y%m%d} PARTITION OF result"
            f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
        )
    return a_result(case.monitor, due_at=case.round(timedelta(days=26)))


async def _changed_since(case: Case) -> CheckResult:
    """Its request was out when the monitor was given another interval and other countries."""
    result = a_result(case.monitor, due_at=case.round())
    await case.expected(result)
    await case.change("interval_seconds = 3600, allowed_check_country_codes = '{US}', target_changed_at = now()")
    return result


async def _changed_long_since(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=case.round())
    await case.expected(result, settled=True)
    await case.change("target_changed_at = now()")
    return result


async def _deleted_since(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=case.round())
    await case.expected(result)
    await case.change("deleted_at = now()")
    return result


async def _disabled_since(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=case.round())
    await case.expected(result, settled=True)
    await case.change("status = 'disabled'")
    return result


async def _in_a_range_of_gaps(case: Case) -> CheckResult:
    """Nobody knew that its request had gone out when the leader fell."""
    result = a_result(case.monitor, due_at=case.round())
    number = await case.world.value("SELECT id FROM monitor WHERE public_id = $1", case.monitor)
    place = await case.world.value("SELECT id FROM location WHERE code = 'de'")
    around = GapRange(number, result.due_at - timedelta(minutes=5), result.due_at + timedelta(minutes=5), [place])
    async with case.world.db.transaction() as connection:
        await insert_gap_ranges(connection, [around])
    await case.change("target_changed_at = now()")
    return result


async def _a_late_recheck(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=utc_now(), purpose=Purpose.RECHECK)
    await case.expected(result, settled=True)
    return result


async def _of_a_home_location(case: Case) -> CheckResult:
    number = await case.world.value("SELECT id FROM location WHERE code = 'de'")
    await case.change("location_ids = '{}', home_location_id = $2", number)
    return a_result(case.monitor, due_at=case.round())


async def _in_turn(case: Case) -> CheckResult:
    """A spool told it a while after it was given up."""
    await case.change("mode = 'Round Robin'")
    result = a_result(case.monitor, due_at=case.round(HOUR / 2))
    await case.expected(result, settled=True)
    return result


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(a_round, id="of one of its rounds"),
        pytest.param(the_first_round, id="of its first round"),
        pytest.param(_days_late, id="that is 26 days late"),
        pytest.param(_of_a_home_location, id="of its home location"),
        pytest.param(planned, id="that was planned, whatever the arithmetic says"),
        pytest.param(_changed_since, id="whose monitor was changed since it was asked for"),
        pytest.param(_changed_long_since, id="whose monitor was changed and that was given up since"),
        pytest.param(_deleted_since, id="whose monitor was deleted since"),
        pytest.param(_disabled_since, id="whose monitor was disabled since"),
        pytest.param(_in_a_range_of_gaps, id="in a range of rounds that were given up"),
        pytest.param(a_recheck, id="of a recheck"),
        pytest.param(_a_late_recheck, id="of a recheck that was given up"),
        pytest.param(a_triggered_check, id="of a triggered check"),
        pytest.param(_in_turn, id="of a location that was in turn"),
    ],
)
async def test_a_result_is_accepted(case: Case, pipe: Pipe, given: Given) -> None:
    result = await given(case)
    await case.world.report(result, asked=False)
    await pipe.drain()
    assert await case.world.rows("SELECT due_at, purpose FROM result") == [(result.due_at, result.purpose)]
    assert await case.world.rows("SELECT reason FROM parked") == []
    assert await case.world.value("SELECT count(*) FROM gap WHERE from_at = to_at") == 0
    assert [event.event_id for event in await case.world.events()] == [result.check_id]


@pytest.mark.parametrize("given", [a_round, a_recheck])
async def test_a_copy_of_a_stored_result_is_no_trouble_when_its_plan_is_gone(
    case: Case, pipe: Pipe, given: Given
) -> None:
    result = await given(case)
    await store_results(case.world.db, [result])
    await case.world.value("DELETE FROM dispatch")
    await case.change("target_changed_at = now()")
    await case.world.report(result, asked=False)
    await pipe.drain()
    assert await case.world.rows("SELECT reason FROM parked") == []
    assert [event.event_id for event in await case.world.events()] == [result.check_id]
