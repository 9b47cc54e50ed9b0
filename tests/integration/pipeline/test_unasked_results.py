"""A result of a check that nobody asked for is put aside and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from controller.metrics.counts import Parked
from controller.store.checks.dead_letters import KEPT_AN_HOUR
from controller.store.checks.expected_results import store_asked
from shared.clock import utc_now
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, last_due_ms, to_datetime, to_ms
from tests.integration.pipeline.asked import (
    HOUR,
    OFF,
    Case,
    Given,
    a_recheck,
    a_round,
    a_triggered_check,
    planned,
    the_first_round,
)
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World, a_result


async def _between_rounds(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=case.round() - OFF)


async def _before_its_target_was_set(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=case.round() - timedelta(hours=2))


async def _to_come(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=case.round() + timedelta(minutes=5))


async def _of_another_country(case: Case) -> CheckResult:
    return a_result(case.monitor, "US", due_at=case.round())


async def _left_out_by_its_customer(case: Case) -> CheckResult:
    await case.change("allowed_check_country_codes = NULL")
    await case.world.value("UPDATE customer SET allowed_check_country_codes = '{US}'")
    return a_result(case.monitor, due_at=case.round())


async def _of_a_location_not_its_own(case: Case) -> CheckResult:
    number = await case.world.value("SELECT id FROM location WHERE code = 'us'")
    await case.change("location_ids = ARRAY[$2::int]", number)
    return a_result(case.monitor, due_at=case.round())


async def _deleted(case: Case) -> CheckResult:
    await case.change("deleted_at = now()")
    return a_result(case.monitor, due_at=case.round())


async def _disabled(case: Case) -> CheckResult:
    await case.change("status = 'disabled'")
    return a_result(case.monitor, due_at=case.round())


async def _an_invented_recheck(case: Case) -> CheckResult:
    """Of a round that was asked for, but not twice."""
    await case.expected(a_result(case.monitor, due_at=case.round()))
    return a_result(case.monitor, due_at=case.round(), purpose=Purpose.RECHECK)


async def _an_invented_trigger(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=utc_now(), purpose=Purpose.TRIGGERED)


async def _asked_elsewhere(case: Case) -> CheckResult:
    await case.expected(a_result(case.monitor, "DE", due_at=utc_now() - HOUR / 2, purpose=Purpose.TRIGGERED))
    [due] = await case.world.value("SELECT due_ats FROM dispatch")
    return a_result(case.monitor, "US", due_at=due, purpose=Purpose.TRIGGERED)


async def _before_the_location_was_there(case: Case) -> CheckResult:
    await case.world.value("UPDATE location SET created_at = now() - interval '5 minutes'")
    return a_result(case.monitor, due_at=case.round(timedelta(minutes=10)))


async def _not_in_turn(case: Case, columns: str, table: str = "monitor") -> CheckResult:
    """The round asked another location."""
    await case.change("allowed_check_country_codes = NULL")
    await case.world.value(f"UPDATE {table} SET {columns}")  # noqa: S608
    await case.expected(a_result(case.monitor, "US", due_at=case.round()))
    return a_result(case.monitor, "DE", due_at=case.round())


async def _not_in_turn_by_its_mode(case: Case) -> CheckResult:
    return await _not_in_turn(case, "mode = 'Round Robin'")


async def _not_in_turn_by_its_rotation(case: Case) -> CheckResult:
    return await _not_in_turn(case, "rotate_locations = true")


async def _not_in_turn_by_its_policy(case: Case) -> CheckResult:
    return await _not_in_turn(case, """policy = '{"order": "sequential"}'""")


async def _not_in_turn_by_the_policy_of_its_customer(case: Case) -> CheckResult:
    return await _not_in_turn(case, """policy = '{"order": "sequential"}'""", "customer")


async def _not_in_turn_by_the_policy_of_its_organization(case: Case) -> CheckResult:
    return await _not_in_turn(case, """policy = '{"order": "sequential"}'""", "organization")


async def _of_half_a_millisecond(case: Case) -> CheckResult:
    return msgspec.structs.replace(
        a_result(case.monitor, due_at=case.round()), due_at=case.round() + timedelta(microseconds=600)
    )


async def _begun_at_the_beginning(case: Case) -> CheckResult:
    """PostgreSQL would keep it as minus infinity, and whoever reads it back could not reckon with it."""
    return msgspec.structs.replace(await a_round(case), started_at=datetime(1, 1, 1, tzinfo=UTC))


async def _begun_in_days(case: Case) -> CheckResult:
    return msgspec.structs.replace(await a_round(case), started_at=utc_now() + timedelta(days=2))


async def _over_before_it_began(case: Case) -> CheckResult:
    return msgspec.structs.replace(await a_round(case), duration_ms=-1.0)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(_between_rounds, Parked.NOBODY_ASKED, id="of a moment between its rounds"),
        pytest.param(_before_its_target_was_set, Parked.NOBODY_ASKED, id="from before its target was set"),
        pytest.param(_to_come, Parked.NOBODY_ASKED, id="of a round to come"),
        pytest.param(_of_half_a_millisecond, Parked.WRONG_MOMENT, id="of a moment that only looks like a round"),
        pytest.param(_begun_at_the_beginning, Parked.WRONG_MOMENT, id="that began in the year one"),
        pytest.param(_begun_in_days, Parked.WRONG_MOMENT, id="that began in two days"),
        pytest.param(_over_before_it_began, Parked.NOT_A_RESULT, id="that took less than no time"),
        pytest.param(_before_the_location_was_there, Parked.NOBODY_ASKED, id="from before its location was there"),
        pytest.param(_not_in_turn_by_its_mode, Parked.NOBODY_ASKED, id="out of turn by the monitor's mode"),
        pytest.param(_not_in_turn_by_its_rotation, Parked.NOBODY_ASKED, id="out of turn by its rotation"),
        pytest.param(_not_in_turn_by_its_policy, Parked.NOBODY_ASKED, id="out of turn by its policy"),
        pytest.param(
            _not_in_turn_by_the_policy_of_its_customer, Parked.NOBODY_ASKED, id="out of turn by its customer's policy"
        ),
        pytest.param(
            _not_in_turn_by_the_policy_of_its_organization,
            Parked.NOBODY_ASKED,
            id="out of turn by its organization's policy",
        ),
        pytest.param(_of_another_country, Parked.NOBODY_ASKED, id="from a country that is none of its own"),
        pytest.param(_left_out_by_its_customer, Parked.NOBODY_ASKED, id="from a country its customer left out"),
        pytest.param(_of_a_location_not_its_own, Parked.NOBODY_ASKED, id="from a location that is none of its own"),
        pytest.param(_deleted, Parked.NOBODY_ASKED, id="of a deleted monitor"),
        pytest.param(_disabled, Parked.NOBODY_ASKED, id="of a disabled monitor"),
        pytest.param(_an_invented_recheck, Parked.NOBODY_ASKED, id="of a recheck that nobody wanted"),
        pytest.param(_an_invented_trigger, Parked.NOBODY_ASKED, id="of a trigger that nobody pulled"),
        pytest.param(_asked_elsewhere, Parked.NOBODY_ASKED, id="of a check that another location was asked for"),
    ],
)
async def test_a_result_that_nobody_asked_for_is_put_aside(case: Case, pipe: Pipe, given: Given, why: Parked) -> None:
    bad = await given(case)
    await case.world.report(bad, asked=False)
    await pipe.drain()
    assert await case.world.value("SELECT count(*) FROM result") == 0
    assert await case.world.value("SELECT count(*) FROM latest") == 0
    assert await case.world.value("SELECT count(*) FROM look") == 0
    assert await case.world.events() == []
    assert await case.world.rows("SELECT subject, why, messages FROM parked_tally") == [
        (subjects.result(bad.country, bad.location), why, 1)
    ]
    [(body,)] = await case.world.rows("SELECT body FROM parked")
    assert msgspec.json.decode(body, type=CheckResult) == bad
    assert pipe.ingestor._counts.parked.state()[why.value] == [1]


async def test_those_that_are_asked_for_are_stored_beside_those_that_are_not(case: Case, pipe: Pipe) -> None:
    good = [await each(case) for each in (a_round, the_first_round, a_recheck, a_triggered_check, planned)]
    bad = [await each(case) for each in (_between_rounds, _to_come, _an_invented_trigger, _of_another_country)]
    bad[0] = a_result(case.monitor, due_at=case.round() - 2 * OFF)
    for pair in zip(good, [*bad, good[0]], strict=True):
        for result in pair:
            await case.world.bus.publish(
                Message(
                    subjects.result(result.country, result.location),
                    msgspec.json.encode(result),
                    f"{result.check_id}{result is good[0] and id(pair)}",
                )
            )
    await pipe.drain()
    stored = {(due, purpose) for due, purpose in await case.world.rows("SELECT due_at, purpose FROM result")}
    assert stored == {(result.due_at, result.purpose.value) for result in good}
    assert await case.world.rows("SELECT DISTINCT why FROM parked_tally") == [("nobody_asked",)]
    assert await case.world.value("SELECT sum(messages) FROM parked_tally") == len(bad)


@pytest.mark.parametrize("interval", [10, 60, 300, 3600, 86_400])
async def test_the_database_computes_the_same_rounds(world: World, interval: int) -> None:
    """For many monitors, as their hashes may be of any size."""
    day = timedelta(days=1)
    now = utc_now()
    monitors = [await world.monitor(interval=interval, due_in=(0, interval)) for _ in range(60)]
    await world.value("UPDATE monitor SET target_changed_at = now() - interval '1 day 1 hour'")
    await world.value("UPDATE location SET created_at = now() - interval '30 days'")
    allowed, others = [], []
    for monitor in monitors:
        due_ms = last_due_ms(monitor, interval * 1000, to_ms(now - day - HOUR / 2), to_ms(now))
        assert due_ms is not None
        if due_ms == to_ms(now - day - HOUR / 2):
            continue  # once a day, and not since the target was set
        allowed.append(a_result(monitor, due_at=to_datetime(due_ms)))
        others += [a_result(monitor, due_at=to_datetime(due_ms + off)) for off in (-1, -500 * interval)]
    assert len(allowed) > 20
    outcomes = await store_asked(world.db, [*allowed, *others])
    assert [stored.asked for stored in outcomes if stored] == [True] * len(allowed) + [False] * len(others)


async def test_a_flood_is_counted_and_a_few_of_it_are_kept(case: Case, pipe: Pipe) -> None:
    count = KEPT_AN_HOUR + 30
    for n in range(count):
        await case.world.report(a_result(case.monitor, due_at=case.round() - (n + 1) * OFF), asked=False)
    await case.world.bus.publish(Message(subjects.result("US", "us"), b"no result \\ud800 \x00", "other"))
    await pipe.drain()
    assert await case.world.rows("SELECT subject, why, messages FROM parked_tally ORDER BY why") == [
        (subjects.result("DE", "de"), "nobody_asked", count),
        (subjects.result("US", "us"), "not_a_result", 1),
    ]
    assert await case.world.rows("SELECT subject, count(*) FROM parked GROUP BY subject ORDER BY subject") == [
        (subjects.result("DE", "de"), KEPT_AN_HOUR),
        (subjects.result("US", "us"), 1),
    ]


async def test_what_a_reason_quotes_cannot_stop_the_ingest(case: Case, pipe: Pipe) -> None:
    """The library's words name what was sent, and PostgreSQL takes no NUL in a text."""
    good = a_result(case.monitor, due_at=case.round())
    body = msgspec.json.encode(good).replace(b'"scheduled"', b'"a\\u0000b"')
    await case.world.bus.publish(Message(subjects.result("DE", "de"), body, "bad"))
    await case.world.report(good, asked=False)
    await pipe.drain()
    assert await case.world.value("SELECT count(*) FROM result") == 1
    [(reason,)] = await case.world.rows("SELECT reason FROM parked")
    assert reason.startswith("not a result")
