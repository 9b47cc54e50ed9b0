"""A result is accepted when its check was requested or could have been."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.checks.dispatch import GapRange, insert_gap_ranges
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.result_case import (
    HOUR,
    Given,
    ResultCase,
    a_recheck,
    a_round,
    a_triggered_check,
    planned,
    the_first_round,
)
from tests.integration.pipeline.small_installation import a_result


async def _days_late(result_case: ResultCase) -> CheckResult:
    result_case.since = utc_now() - timedelta(days=28)
    await result_case.change("UPDATE monitor SET target_changed_at = $2 WHERE public_id = $1", result_case.since)
    today = utc_now().date()
    for ago in (27, 26, 25):  # and the next day's, should midnight pass now
        day = today - timedelta(days=ago)
        await result_case.installation.value(
            f"CREATE TABLE IF NOT EXISTS result_{day:%Y%m%d} PARTITION OF result"
            f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
        )
    return a_result(result_case.monitor, due_at=result_case.round(timedelta(days=26)))


async def _changed_since(result_case: ResultCase) -> CheckResult:
    """Its request was already sent when the monitor got another interval and other countries."""
    result = a_result(result_case.monitor, due_at=result_case.round())
    await result_case.expected(result)
    await result_case.change(
        "UPDATE monitor SET interval_seconds = 3600, allowed_check_country_codes = '{US}', target_changed_at = now()"
        " WHERE public_id = $1"
    )
    return result


async def _changed_long_since(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=result_case.round())
    await result_case.expected(result, settled=True)
    await result_case.change("UPDATE monitor SET target_changed_at = now() WHERE public_id = $1")
    return result


async def _deleted_since(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=result_case.round())
    await result_case.expected(result)
    await result_case.change("UPDATE monitor SET deleted_at = now() WHERE public_id = $1")
    return result


async def _disabled_since(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=result_case.round())
    await result_case.expected(result, settled=True)
    await result_case.change("UPDATE monitor SET status = 'disabled' WHERE public_id = $1")
    return result


async def _in_a_range_of_gaps(result_case: ResultCase) -> CheckResult:
    """When the leader died, its successor could not know that the request had been sent."""
    result = a_result(result_case.monitor, due_at=result_case.round())
    number = await result_case.installation.value("SELECT id FROM monitor WHERE public_id = $1", result_case.monitor)
    location_id = await result_case.installation.value("SELECT id FROM location WHERE code = 'de'")
    around = GapRange(number, result.due_at - timedelta(minutes=5), result.due_at + timedelta(minutes=5), [location_id])
    async with result_case.installation.db.transaction() as connection:
        await insert_gap_ranges(connection, [around])
    await result_case.change("UPDATE monitor SET target_changed_at = now() WHERE public_id = $1")
    return result


async def _a_late_recheck(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=utc_now(), purpose=Purpose.RECHECK)
    await result_case.expected(result, settled=True)
    return result


async def _of_a_home_location(result_case: ResultCase) -> CheckResult:
    number = await result_case.installation.value("SELECT id FROM location WHERE code = 'de'")
    await result_case.change(
        "UPDATE monitor SET location_ids = '{}', home_location_id = $2 WHERE public_id = $1", number
    )
    return a_result(result_case.monitor, due_at=result_case.round())


async def _in_turn(result_case: ResultCase) -> CheckResult:
    """An agent's spool delivered it a while after it was given up."""
    await result_case.change("UPDATE monitor SET mode = 'Round Robin' WHERE public_id = $1")
    result = a_result(result_case.monitor, due_at=result_case.round(HOUR / 2))
    await result_case.expected(result, settled=True)
    return result


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(a_round, id="of one of its rounds"),
        pytest.param(the_first_round, id="of its first round"),
        pytest.param(_days_late, id="26 days late"),
        pytest.param(_of_a_home_location, id="of its home location"),
        pytest.param(planned, id="of a planned check at a moment that is not a due moment"),
        pytest.param(_changed_since, id="whose monitor was changed after its request was sent"),
        pytest.param(_changed_long_since, id="whose monitor was changed and whose check was given up since"),
        pytest.param(_deleted_since, id="whose monitor was deleted since"),
        pytest.param(_disabled_since, id="whose monitor was disabled since"),
        pytest.param(_in_a_range_of_gaps, id="in a range of rounds that were given up"),
        pytest.param(a_recheck, id="of a recheck"),
        pytest.param(_a_late_recheck, id="of a recheck that was given up"),
        pytest.param(a_triggered_check, id="of a triggered check"),
        pytest.param(_in_turn, id="of a location whose turn in the rotation it was"),
    ],
)
async def test_a_result_is_accepted(result_case: ResultCase, ingest_case: IngestCase, given: Given) -> None:
    result = await given(result_case)
    await result_case.installation.report(result, expected=False)
    await ingest_case.drain()
    assert await result_case.installation.rows("SELECT due_at, purpose FROM result") == [
        (result.due_at, result.purpose)
    ]
    assert await result_case.installation.rows("SELECT reason FROM dead_letter") == []
    assert await result_case.installation.value("SELECT count(*) FROM gap WHERE from_at = to_at") == 0
    assert [event.event_id for event in await result_case.installation.events()] == [result.check_id]


@pytest.mark.parametrize("given", [a_round, a_recheck])
async def test_a_copy_of_a_stored_result_is_no_dead_letter_when_its_plan_is_gone(
    result_case: ResultCase, ingest_case: IngestCase, given: Given
) -> None:
    result = await given(result_case)
    await store_results(result_case.installation.db, [result])
    await result_case.installation.value("DELETE FROM dispatch")
    await result_case.change("UPDATE monitor SET target_changed_at = now() WHERE public_id = $1")
    await result_case.installation.report(result, expected=False)
    await ingest_case.drain()
    assert await result_case.installation.rows("SELECT reason FROM dead_letter") == []
    assert await result_case.installation.value("SELECT count(*) FROM result") == 1
