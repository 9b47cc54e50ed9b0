"""Local retry: a new failure is checked once more from the same location, whichever controller leads by then."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from controller.pipeline.housekeeping import settle_checks
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import FailureSource
from shared.wire.rounds import Purpose, check_id
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.scheduling import controller, requests, until_leader_knows
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually

DUE_NOW = "UPDATE recheck SET due_at = now() - interval '1 ms'"


@pytest.fixture
async def monitor(small_installation: SmallInstallation) -> UUID:
    """A monitor with a local retry and rounds an hour apart."""
    public_id = await small_installation.monitor(interval=3600)
    await small_installation.value("UPDATE monitor SET retry_on_failure = true")
    return public_id


async def rechecks(small_installation: SmallInstallation) -> list[tuple[object, ...]]:
    return await small_installation.rows("SELECT round_due_at, location_ids FROM recheck ORDER BY id")


async def removed(small_installation: SmallInstallation) -> None:
    async def none_left() -> bool:
        return not await rechecks(small_installation)

    await eventually(none_left)


async def failed(
    small_installation: SmallInstallation, ingest_case: IngestCase, monitor: UUID, country: str = "DE"
) -> None:
    await small_installation.report(a_result(monitor, country, source=FailureSource.TARGET))
    await ingest_case.drain()


async def test_a_new_failure_makes_one_recheck_at_its_location_ten_seconds_later(
    small_installation: SmallInstallation,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    due = utc_now()
    result = a_result(monitor, "US", due_at=due, source=FailureSource.TARGET)
    for _ in range(2):
        await small_installation.report(result)
        await ingest_case.drain()
    us = await small_installation.value("SELECT id FROM location WHERE code = 'us'")
    [(round_due, locations)] = await rechecks(small_installation)
    assert (to_ms(round_due), locations) == (to_ms(due), [us])  # type: ignore[arg-type]
    wait = await small_installation.value("SELECT recheck.due_at - stored_at FROM recheck, result")
    assert timedelta(seconds=9.9) < wait < timedelta(seconds=10.1)


async def test_the_failures_of_a_round_make_one_recheck_of_all_their_locations(
    small_installation: SmallInstallation,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    due = utc_now()
    for country in ("DE", "US"):
        await small_installation.report(a_result(monitor, country, due_at=due, source=FailureSource.TARGET))
    await ingest_case.drain()
    made = await rechecks(small_installation)
    assert sorted(number for _, numbers in made for number in numbers) == await small_installation.value(  # type: ignore[attr-defined]
        "SELECT array_agg(id ORDER BY id) FROM location"
    )


@pytest.mark.parametrize(
    ("purpose", "source", "retry"),
    [
        pytest.param(Purpose.SCHEDULED, None, True, id="a success"),
        pytest.param(Purpose.SCHEDULED, FailureSource.AGENT, True, id="a fault of our own"),
        pytest.param(Purpose.SCHEDULED, FailureSource.RESOLVER, True, id="a fault of our resolver"),
        pytest.param(Purpose.TRIGGERED, FailureSource.TARGET, True, id="a check that somebody triggered"),
        pytest.param(Purpose.RECHECK, FailureSource.TARGET, True, id="a recheck, which never causes another"),
        pytest.param(Purpose.SCHEDULED, FailureSource.TARGET, False, id="a monitor without a local retry"),
    ],
)
async def test_nothing_else_makes_a_recheck(
    small_installation: SmallInstallation,
    ingest_case: IngestCase,
    monitor: UUID,
    purpose: Purpose,
    source: FailureSource | None,
    retry: bool,
) -> None:
    await small_installation.value("UPDATE monitor SET retry_on_failure = $1", retry)
    await small_installation.report(a_result(monitor, purpose=purpose, source=source))
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == 1
    assert await rechecks(small_installation) == []


async def test_a_recheck_is_requested_when_it_is_due_and_only_from_its_location(
    small_installation: SmallInstallation,
    database_url: str,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    async with controller(small_installation, database_url):
        await requests(small_installation, "DE", 1)
        await failed(small_installation, ingest_case, monitor)
        assert await small_installation.take_requests("DE", 1.2) == []
        due = await small_installation.value(f"{DUE_NOW} RETURNING due_at")
        [request] = await requests(small_installation, "DE", 1)
        await removed(small_installation)
        assert await small_installation.take_requests("US", 0.3, kind="smtp") != []  # only the first round
        assert await small_installation.take_requests("US", 0.3) == []
    assert (request.purpose, request.due_at) == (Purpose.RECHECK, due)
    assert request.check_id == check_id(monitor, to_ms(due), "de", Purpose.RECHECK)


async def test_a_recheck_that_became_due_while_nobody_led_is_requested_by_the_next_leader(
    small_installation: SmallInstallation,
    database_url: str,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    async with controller(small_installation, database_url):
        await requests(small_installation, "DE", 1)
    await failed(small_installation, ingest_case, monitor)
    await small_installation.value(DUE_NOW)
    async with controller(small_installation, database_url, "two"):
        [request] = await requests(small_installation, "DE", 1)
    assert request.purpose is Purpose.RECHECK


async def test_a_recheck_that_a_leader_requested_before_it_died_is_not_requested_again(
    small_installation: SmallInstallation,
    database_url: str,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    async with controller(small_installation, database_url):
        await requests(small_installation, "DE", 1)
        await failed(small_installation, ingest_case, monitor)
        await small_installation.value(
            f"CREATE TABLE kept AS {DUE_NOW.replace('UPDATE', 'WITH due AS (UPDATE')} RETURNING *) TABLE due"
        )
        assert len(await requests(small_installation, "DE", 1)) == 1
        await removed(small_installation)
    # The leader died after the broker had accepted the request and before the row was removed.
    await small_installation.value(
        "INSERT INTO recheck (monitor_id, round_due_at, due_at, location_ids)"
        " SELECT monitor_id, round_due_at, due_at, location_ids FROM kept"
    )
    async with controller(small_installation, database_url, "two"):
        await removed(small_installation)
        assert await small_installation.take_requests("DE", 0.5) == []
    await small_installation.value("UPDATE dispatch SET settle_at = now() - interval '1 ms' WHERE purpose = 'recheck'")
    await settle_checks(small_installation.db)
    assert await small_installation.rows("SELECT purpose, reason FROM gap") == [("recheck", "no_result")]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE monitor SET status = 'disabled'", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", id="deleted"),
        pytest.param("UPDATE monitor SET interval_seconds = 10", id="a round as soon as the recheck"),
        pytest.param("UPDATE monitor SET location_ids = '{999}'", id="checked from elsewhere by now"),
    ],
)
async def test_a_recheck_is_left_out(
    small_installation: SmallInstallation,
    database_url: str,
    ingest_case: IngestCase,
    monitor: UUID,
    change: str,
) -> None:
    async with controller(small_installation, database_url):
        await requests(small_installation, "DE", 1)
        await failed(small_installation, ingest_case, monitor)
        await small_installation.value(change)
        await until_leader_knows(small_installation, "DE")
        await small_installation.value(
            "UPDATE recheck SET round_due_at = now() - interval '11 s', due_at = now() - interval '1 ms'"
        )
        await removed(small_installation)
        purposes = {request.purpose for request in await small_installation.take_requests("DE", 0.5)}
        assert Purpose.RECHECK not in purposes
        assert await small_installation.value("SELECT count(*) FROM dispatch WHERE purpose = 'recheck'") == 0


async def test_a_recheck_for_which_it_is_too_late_leaves_a_gap(
    small_installation: SmallInstallation,
    database_url: str,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    await small_installation.value("UPDATE monitor SET target_changed_at = now() - interval '2 hours'")
    await small_installation.value(
        "UPDATE schedule SET watermark = now(), planned_until = now()"
    )  # no rounds were left out
    await failed(small_installation, ingest_case, monitor)
    await small_installation.value(
        "UPDATE recheck SET round_due_at = now() - interval '75 s', due_at = now() - interval '65 s'"
    )
    async with controller(small_installation, database_url):
        await removed(small_installation)
    await settle_checks(small_installation.db)
    assert await small_installation.rows("SELECT purpose, reason FROM gap") == [("recheck", "late")]


async def test_a_recheck_without_locations_of_its_own_goes_to_all_of_the_monitor(
    small_installation: SmallInstallation, database_url: str, monitor: UUID
) -> None:
    async with controller(small_installation, database_url):
        for country in ("DE", "US"):
            await requests(small_installation, country, 1)
        await small_installation.value(
            "INSERT INTO recheck (monitor_id, round_due_at, due_at) SELECT id, now(), now() FROM monitor"
        )
        for country in ("DE", "US"):
            [request] = await requests(small_installation, country, 1)
            assert (request.purpose, request.location) == (Purpose.RECHECK, country.lower())


async def test_a_result_of_a_recheck_is_stored_beside_that_of_its_round(
    small_installation: SmallInstallation,
    ingest_case: IngestCase,
    monitor: UUID,
) -> None:
    await failed(small_installation, ingest_case, monitor)
    await small_installation.report(
        a_result(monitor, due_at=utc_now() + timedelta(seconds=10), purpose=Purpose.RECHECK)
    )
    await ingest_case.drain()
    assert await small_installation.rows("SELECT purpose, status FROM result ORDER BY due_at") == [
        ("scheduled", "failure"),
        ("recheck", "success"),
    ]
    assert await small_installation.value("SELECT status FROM latest") == "success"
