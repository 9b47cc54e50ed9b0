"""Local retry: a new failure is looked at once more from the same location, whoever leads by then."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from controller.pipeline.housekeeping import settle_checks
from shared.clock import utc_now
from shared.wire.failures import FailureSource
from shared.wire.rounds import Purpose, check_id, to_ms
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.scheduling import controller, heard, requests
from tests.integration.pipeline.world import World, a_result, eventually

DUE_NOW = "UPDATE recheck SET due_at = now()"


@pytest.fixture
async def monitor(world: World) -> UUID:
    """One with a local retry, its rounds an hour apart."""
    public_id = await world.monitor(interval=3600)
    await world.value("UPDATE monitor SET retry_on_failure = true")
    return public_id


async def rechecks(world: World) -> list[tuple[object, ...]]:
    return await world.rows("SELECT round_due_at, location_ids FROM recheck ORDER BY id")


async def removed(world: World) -> None:
    async def none_left() -> bool:
        return not await rechecks(world)

    await eventually(none_left)


async def failed(world: World, pipe: Pipe, monitor: UUID, country: str = "DE") -> None:
    await world.report(a_result(monitor, country, source=FailureSource.TARGET))
    await pipe.drain()


async def test_a_new_failure_makes_one_recheck_at_its_location_ten_seconds_later(
    world: World,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    due = utc_now()
    result = a_result(monitor, "US", due_at=due, source=FailureSource.TARGET)
    for _ in range(2):
        await world.report(result)
        await pipe.drain()
    us = await world.value("SELECT id FROM location WHERE code = 'us'")
    [(round_due, locations)] = await rechecks(world)
    assert (to_ms(round_due), locations) == (to_ms(due), [us])  # type: ignore[arg-type]
    wait = await world.value("SELECT recheck.due_at - stored_at FROM recheck, result")
    assert timedelta(seconds=9.9) < wait < timedelta(seconds=10.1)


async def test_the_failures_of_a_round_make_one_recheck_of_all_their_locations(
    world: World,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    due = utc_now()
    for country in ("DE", "US"):
        await world.report(a_result(monitor, country, due_at=due, source=FailureSource.TARGET))
    await pipe.drain()
    made = await rechecks(world)
    assert sorted(number for _, numbers in made for number in numbers) == await world.value(  # type: ignore[attr-defined]
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
    world: World,
    pipe: Pipe,
    monitor: UUID,
    purpose: Purpose,
    source: FailureSource | None,
    retry: bool,
) -> None:
    await world.value("UPDATE monitor SET retry_on_failure = $1", retry)
    await world.report(a_result(monitor, purpose=purpose, source=source))
    await pipe.drain()
    assert await world.value("SELECT count(*) FROM result") == 1
    assert await rechecks(world) == []


async def test_a_recheck_is_asked_for_when_it_is_due_and_only_there(
    world: World,
    database_url: str,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    async with controller(world, database_url):
        await requests(world, "DE", 1)
        await failed(world, pipe, monitor)
        assert await world.take_requests("DE", 1.2) == []
        due = await world.value(f"{DUE_NOW} RETURNING due_at")
        [request] = await requests(world, "DE", 1)
        await removed(world)
        assert await world.take_requests("US", 0.3, kind="smtp") != []  # the first round alone
        assert await world.take_requests("US", 0.3) == []
    assert (request.purpose, request.due_at) == (Purpose.RECHECK, due)
    assert request.check_id == check_id(monitor, to_ms(due), "de", Purpose.RECHECK)


async def test_a_recheck_that_became_due_while_nobody_led_is_asked_for_by_the_next_leader(
    world: World,
    database_url: str,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    async with controller(world, database_url):
        await requests(world, "DE", 1)
    await failed(world, pipe, monitor)
    await world.value(DUE_NOW)
    async with controller(world, database_url, "two"):
        [request] = await requests(world, "DE", 1)
    assert request.purpose is Purpose.RECHECK


async def test_a_recheck_that_a_leader_asked_for_before_it_died_is_not_asked_for_again(
    world: World,
    database_url: str,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    async with controller(world, database_url):
        await requests(world, "DE", 1)
        await failed(world, pipe, monitor)
        await world.value(
            f"CREATE TABLE kept AS {DUE_NOW.replace('UPDATE', 'WITH due AS (UPDATE')} RETURNING *) TABLE due"
        )
        assert len(await requests(world, "DE", 1)) == 1
        await removed(world)
    # The leader died between the broker's word and the removal of the row.
    await world.value(
        "INSERT INTO recheck (monitor_id, round_due_at, due_at, location_ids)"
        " SELECT monitor_id, round_due_at, due_at, location_ids FROM kept"
    )
    async with controller(world, database_url, "two"):
        await removed(world)
        assert await world.take_requests("DE", 0.5) == []
    await world.value("UPDATE dispatch SET settle_at = now() WHERE purpose = 'recheck'")
    await settle_checks(world.db)
    assert await world.rows("SELECT purpose, reason FROM gap") == [("recheck", "no_result")]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE monitor SET status = 'disabled'", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", id="deleted"),
        pytest.param("UPDATE monitor SET interval_seconds = 10", id="a round as soon as the recheck"),
        pytest.param("UPDATE monitor SET location_ids = '{999}'", id="asked from elsewhere by now"),
    ],
)
async def test_a_recheck_is_left_out(
    world: World,
    database_url: str,
    pipe: Pipe,
    monitor: UUID,
    change: str,
) -> None:
    async with controller(world, database_url):
        await requests(world, "DE", 1)
        await failed(world, pipe, monitor)
        await world.value(change)
        await heard(world, "DE")
        await world.value("UPDATE recheck SET round_due_at = now() - interval '11 s', due_at = now()")
        await removed(world)
        purposes = {request.purpose for request in await world.take_requests("DE", 0.5)}
        assert Purpose.RECHECK not in purposes
        assert await world.value("SELECT count(*) FROM dispatch WHERE purpose = 'recheck'") == 0


async def test_a_recheck_for_which_it_is_too_late_leaves_a_gap(
    world: World,
    database_url: str,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    await world.value("UPDATE monitor SET target_changed_at = now() - interval '2 hours'")
    await world.value("UPDATE schedule SET watermark = now(), planned_until = now()")  # no rounds were left out
    await failed(world, pipe, monitor)
    await world.value("UPDATE recheck SET round_due_at = now() - interval '75 s', due_at = now() - interval '65 s'")
    async with controller(world, database_url):
        await removed(world)
    await settle_checks(world.db)
    assert await world.rows("SELECT purpose, reason FROM gap") == [("recheck", "late")]


async def test_a_recheck_without_locations_of_its_own_asks_all_of_the_monitor(
    world: World, database_url: str, monitor: UUID
) -> None:
    async with controller(world, database_url):
        for country in ("DE", "US"):
            await requests(world, country, 1)
        await world.value("INSERT INTO recheck (monitor_id, round_due_at, due_at) SELECT id, now(), now() FROM monitor")
        for country in ("DE", "US"):
            [request] = await requests(world, country, 1)
            assert (request.purpose, request.location) == (Purpose.RECHECK, country.lower())


async def test_a_result_of_a_recheck_is_stored_beside_that_of_its_round(
    world: World,
    pipe: Pipe,
    monitor: UUID,
) -> None:
    await failed(world, pipe, monitor)
    await world.report(a_result(monitor, due_at=utc_now() + timedelta(seconds=10), purpose=Purpose.RECHECK))
    await pipe.drain()
    assert await world.rows("SELECT purpose, status FROM result ORDER BY due_at") == [
        ("scheduled", "failure"),
        ("recheck", "success"),
    ]
    assert await world.value("SELECT status FROM latest") == "success"
