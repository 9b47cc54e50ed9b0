"""What ops see of a location: when it was blind, and which servers block it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.model import GapReason, Principal, Role
from controller.operations.locations import LocationState, list_locations
from controller.pipeline.housekeeping import forget_old
from controller.store.checks.dispatch import GapRange, insert_gap_ranges
from controller.store.checks.results import store_results
from controller.store.locations.blind_periods import end_disproved
from shared.wire.failures import FailureSource
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.small_installation import a_result

MINUTE = timedelta(minutes=1)


async def shown(case: EvaluationCase, code: str, **who: object) -> LocationState:
    principal = Principal(**({"works_in": 1, "role": Role.ADMIN} | who))  # type: ignore[arg-type]
    return {one.location.code: one for one in await list_locations(case.db, principal)}[code]


@pytest.fixture
async def monitor(case: EvaluationCase) -> UUID:
    monitor = await case.monitor()
    await case.evaluate(monitor, -20, "ppp")
    return monitor


async def test_a_server_that_blocks_one_location_is_shown_as_that_locations_problem(
    case: EvaluationCase, monitor: UUID
) -> None:
    for number in range(3):
        await case.evaluate(monitor, number, "gpp")
    [problem] = (await shown(case, "de")).problems
    assert (problem.monitor_public_id, problem.kind, problem.detail) == (monitor, "temporary_refusal", "450 later")
    assert (problem.evaluations, problem.lasts, problem.total) == (3, True, 1)
    assert abs(problem.first_at - case.at(0)) < timedelta(milliseconds=1)
    assert abs(problem.last_at - case.at(2)) < timedelta(milliseconds=1)
    assert (await shown(case, "us")).problems == []
    assert await case.timeline(monitor) == []

    await case.evaluate(monitor, 3, "ppp")
    [problem] = (await shown(case, "de")).problems
    assert (problem.evaluations, problem.lasts) == (3, False)


async def test_a_problem_that_is_over_is_forgotten_and_one_that_is_not_is_kept(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, 0, "pgp")
    await case.installation.value("UPDATE probe_problem SET last_at = now() - interval '7 hours'")
    await case.evaluate(monitor, 1, "gpp")
    await forget_old(case.db)
    assert await case.installation.rows(
        "SELECT code FROM probe_problem JOIN location ON location.id = location_id"
    ) == [("de",)]


async def test_a_problem_of_long_ago_is_not_shown_and_a_new_one_counts_anew(
    case: EvaluationCase, monitor: UUID
) -> None:
    for number in range(3):
        await case.evaluate(monitor, number, "gpp")
    await case.installation.value(
        "UPDATE probe_problem SET first_at = first_at - interval '9 hours', last_at = last_at - interval '7 hours'"
    )
    assert (await shown(case, "de")).problems == []
    await case.evaluate(monitor, 3, "gpp")
    [problem] = (await shown(case, "de")).problems
    assert (problem.evaluations, problem.first_at) == (1, problem.last_at)


async def test_an_outage_is_no_problem_of_the_locations(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "ggg")
    await case.recheck(monitor, "ggg")
    assert await case.verdict(monitor) == "down"
    for code in ("de", "us", "fr"):
        assert (await shown(case, code)).problems == []


async def test_problems_are_shown_to_those_who_may_see_the_monitor(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "gpp")
    stranger = await case.installation.value("INSERT INTO organization (name) VALUES ('Strange') RETURNING id")
    asking: list[dict[str, Any]] = [
        {},
        {"works_in": stranger},
        {"customer_ids": frozenset({1})},
        {"customer_ids": frozenset({2})},
        {"customer_ids": frozenset()},
        {"works_in": None, "role": Role.GLOBAL_SUPPORTER},
    ]
    counts = [len((await shown(case, "de", **who)).problems) for who in asking]
    assert counts == [1, 0, 1, 0, 0, 1]


async def test_missing_checks_are_one_blind_period_until_the_monitor_is_due_anew(
    case: EvaluationCase, monitor: UUID
) -> None:
    for number in range(5):
        await case.store(monitor, 60 * number - 300, "npp")
    [blind] = (await shown(case, "de")).blind
    assert (blind.reason, blind.checks) == ("no_agent", 5)
    assert abs(blind.from_at - case.at(-300)) < timedelta(milliseconds=1)
    assert blind.to_at - blind.from_at == 5 * MINUTE
    assert (await shown(case, "us")).blind == []


async def test_times_apart_and_other_reasons_are_periods_of_their_own(case: EvaluationCase, monitor: UUID) -> None:
    await case.store(monitor, -1000, "npp")
    await case.store(monitor, -500, "npp")
    await case.store(monitor, -490, "app")
    found = [(blind.reason, blind.checks) for blind in (await shown(case, "de")).blind]
    assert found == [("agent", 1), ("no_agent", 1), ("no_agent", 1)]


async def test_a_fault_of_ours_in_a_result_blinds_and_a_second_copy_of_it_counts_once(
    case: EvaluationCase, monitor: UUID
) -> None:
    results = [
        a_result(monitor, "DE", due_at=case.at(60 * number - 300), source=source)
        for number, source in enumerate([FailureSource.RESOLVER, FailureSource.RESOLVER, FailureSource.TARGET, None])
    ]
    for _ in range(2):
        await store_results(case.db, results)
    [blind] = (await shown(case, "de")).blind
    assert (blind.reason, blind.checks, blind.to_at - blind.from_at) == ("resolver", 2, 2 * MINUTE)


async def test_rounds_that_no_controller_planned_blind_every_location_of_theirs(
    case: EvaluationCase, monitor: UUID
) -> None:
    number = await case.number(monitor)
    location_ids = [
        row[0] for row in await case.installation.rows("SELECT id FROM location WHERE code IN ('de', 'us') ORDER BY id")
    ]
    async with case.db.connection() as connection:
        await insert_gap_ranges(connection, [GapRange(number, case.at(-3000), case.at(-2400), location_ids)])
    for code in ("de", "us"):
        [blind] = (await shown(case, code)).blind
        assert blind.reason == GapReason.LATE.value
        assert blind.to_at - blind.from_at == 11 * MINUTE


async def test_blind_periods_of_long_ago_are_not_shown_and_at_last_forgotten(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.store(monitor, -300, "npp")
    await case.installation.value(
        "UPDATE blind_period SET from_at = from_at - interval '25 hours', to_at = to_at - interval '25 hours'"
    )
    assert (await shown(case, "de")).blind == []
    await forget_old(case.db)
    assert await case.installation.value("SELECT count(*) FROM blind_period") == 1
    await case.installation.value("UPDATE blind_period SET to_at = to_at - interval '30 days'")
    await forget_old(case.db)
    assert await case.installation.value("SELECT count(*) FROM blind_period") == 0


async def blind_now(case: EvaluationCase, code: str = "de") -> list[tuple[str, int]]:
    """The reasons for which a location is blind now, each with its missing checks."""
    state = await shown(case, code)
    return [(period.reason, period.checks) for period in state.blind if period.to_at > state.now]


@pytest.fixture
async def hourly(case: EvaluationCase) -> UUID:
    """A monitor that makes a location blind for an hour by one missing check."""
    return await case.monitor(interval=3600)


async def test_a_location_that_sees_again_is_blind_no_more(case: EvaluationCase, monitor: UUID, hourly: UUID) -> None:
    await case.record_gaps(hourly, case.at(-30), ["de", "us"])
    assert await blind_now(case) == await blind_now(case, "us") == [("no_agent", 1)]
    await case.store(monitor, -40, "ppp")
    assert await blind_now(case) == [("no_agent", 1)], "a check of before the missing one shows nothing"
    await case.store(monitor, -10, "ap-")
    assert await blind_now(case) == [("agent", 1), ("no_agent", 1)], "a check that shows nothing ends nothing"
    assert await blind_now(case, "us") == [("no_agent", 1)], "another location's result ends nothing"
    await case.store(monitor, -5, "p--")
    assert await blind_now(case) == []
    state = await shown(case, "de")
    assert all(case.at(-30) <= period.to_at <= state.now for period in state.blind)


@pytest.mark.parametrize("reason", [GapReason.UNFIT, GapReason.KIND_UNKNOWN])
async def test_what_concerns_some_checks_ends_with_a_result_of_such_a_check(
    case: EvaluationCase, monitor: UUID, hourly: UUID, reason: GapReason
) -> None:
    await case.record_gaps(hourly, case.at(-30), ["de"], reason=reason)
    await case.store(hourly, -20, "a--")
    await case.store(monitor, -10, "p--")
    assert sorted(await blind_now(case)) == [("agent", 1), (reason, 1)], "that check was never concerned"
    await case.store(hourly, -5, "f--")
    assert await blind_now(case) == []


async def test_a_period_of_long_ago_is_not_searched_for_a_check_that_was_concerned(
    case: EvaluationCase, hourly: UUID
) -> None:
    """A blocked port may make a period of weeks; each result of the location would be compared with all before it."""
    other = await case.monitor(interval=3600)
    await case.record_gaps(hourly, case.at(-4 * 3600), ["de"], reason=GapReason.UNFIT)
    for seconds in (-3 * 3600, -2 * 3600, -3600, -30):
        await case.record_gaps(other, case.at(seconds), ["de"], reason=GapReason.UNFIT)
    assert await blind_now(case) == [("unfit", 5)]
    await case.store(hourly, -10, "p--")
    assert await blind_now(case) == [("unfit", 5)]
    await case.store(other, -5, "p--")
    assert await blind_now(case) == []


async def test_a_gap_that_is_recorded_after_the_location_has_seen_again_does_not_blind_it(
    case: EvaluationCase, monitor: UUID, hourly: UUID
) -> None:
    await case.store(monitor, -10, "p--")
    await case.record_gaps(hourly, case.at(-15), ["de", "us"], reason=GapReason.NO_RESULT)
    await end_disproved(case.db)
    assert await blind_now(case) == []
    assert await blind_now(case, "us") == [("no_result", 1)]
    [period] = (await shown(case, "de")).blind
    assert (period.reason, period.checks) == ("no_result", 1)


async def test_recording_gaps_does_not_wait_for_the_latest_results_to_be_read(
    case: EvaluationCase, hourly: UUID
) -> None:
    """No result is stored meanwhile, and of many monitors and locations there are millions of latest results."""
    async with case.db.transaction() as connection:
        await connection.execute("LOCK TABLE latest")
        await case.record_gaps(hourly, case.at(-30), ["de"], reason=GapReason.NO_RESULT)
    assert await blind_now(case) == [("no_result", 1)]


async def test_a_late_result_takes_the_blindness_of_its_gap_back(case: EvaluationCase, hourly: UUID) -> None:
    other = await case.monitor(interval=3600)
    await case.record_gaps(hourly, case.at(-30), ["de"], reason=GapReason.NO_RESULT)
    await case.record_gaps(other, case.at(-25), ["de"], reason=GapReason.NO_RESULT)
    await case.store(hourly, -30, "p--")
    assert await blind_now(case) == [("no_result", 1)], "the other check is still missing"
    await case.store(other, -25, "f--")
    assert (await shown(case, "de")).blind == []


async def test_the_reason_of_a_verdict_names_no_location_that_sees_again(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, -10, "npp")
    reason = "SELECT state ->> 'reason' FROM monitor_state JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1"
    assert "DE could not check" in await case.installation.value(reason, monitor)
    await case.evaluate(monitor, -5, "ppp")
    assert await case.installation.value(reason, monitor) == "3 of 3 countries pass"
