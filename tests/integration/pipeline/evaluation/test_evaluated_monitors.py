"""Whose votes count, by which policy, and how monitors are evaluated that were changed, disabled or deleted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from controller.decisions.evaluation.policy import Policy
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.incidents import end_orphaned
from controller.store.evaluation.evaluations import forget_retries
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase

OPENED = ("opened", "down")
RESOLVED = ("resolved", "down")


async def location_id(case: EvaluationCase, code: str) -> int:
    number: int = await case.installation.value("SELECT id FROM location WHERE code = $1", code)
    return number


async def test_with_primary_the_home_location_votes_and_the_others_recheck_it(case: EvaluationCase) -> None:
    monitor = await case.monitor(mode="Primary", home_location_id=await location_id(case, "us"))
    await case.evaluate(monitor, -8, "ffp")
    assert (await case.verdict(monitor), await case.rechecks()) == ("up", 0)
    await case.evaluate(monitor, -5, "ppf")
    await case.recheck(monitor, "ppf")
    assert await case.timeline(monitor) == []
    await case.evaluate(monitor, 30, "ppf")
    await case.evaluate(monitor, 31, "fpp", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [OPENED]


async def test_with_round_robin_the_location_in_turn_votes_and_two_in_a_row_are_believed(case: EvaluationCase) -> None:
    monitor = await case.monitor(mode="Round Robin")
    for number in range(2):
        await case.evaluate(monitor, 60 * number, "fff")
        assert await case.timeline(monitor) == [OPENED] * number
        assert await case.rechecks() == 0
    votes = (await case.installation.value("SELECT evidence FROM incident"))["votes"]
    assert len(votes) == 1


@pytest.mark.parametrize(
    ("level", "statement"),
    [
        pytest.param("monitor", "UPDATE monitor SET policy = $1", id="its own policy"),
        pytest.param("customer", "UPDATE customer SET policy = $1", id="its customer's policy"),
        pytest.param("organization", "UPDATE organization SET policy = $1", id="its organization's policy"),
    ],
)
async def test_a_monitor_is_evaluated_by_the_policy_that_holds_for_it(
    case: EvaluationCase, level: str, statement: str
) -> None:
    monitor = await case.monitor()
    await case.installation.value(statement, Policy(quorum="any", rechecks=0))
    await case.evaluate(monitor, 0, "fpp")
    assert await case.timeline(monitor) == [OPENED]


async def test_the_customers_threshold_is_a_quorum(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.installation.value("UPDATE customer SET alert_location_threshold_count = 3")
    await case.evaluate(monitor, -8, "ffp")
    await case.evaluate(monitor, -7, "ffp", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == []
    await case.evaluate(monitor, -6, "fff")
    await case.evaluate(monitor, -5, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [OPENED]


async def down(case: EvaluationCase) -> UUID:
    """A monitor with an open incident."""
    monitor = await case.monitor()
    await case.evaluate(monitor, -8, "fff")
    await case.evaluate(monitor, -7, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [OPENED]
    return monitor


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param("UPDATE monitor SET status = 'disabled'", "the monitor was disabled", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", "the monitor was deleted", id="deleted"),
        pytest.param(
            "UPDATE monitor SET target_changed_at = now()", "the monitor checks something else now", id="another target"
        ),
    ],
)
async def test_the_incident_of_a_monitor_that_is_no_longer_active_ends(
    case: EvaluationCase, change: str, reason: str
) -> None:
    monitor = await down(case)
    await end_orphaned(case.db)
    assert await case.timeline(monitor) == [OPENED]
    await case.installation.value(change)
    for _ in range(2):
        await end_orphaned(case.db)
    assert await case.timeline(monitor) == [OPENED, RESOLVED]
    assert await case.installation.value("SELECT reason FROM incident_change WHERE kind = 'resolved'") == reason
    assert (await case.verdict(monitor), await case.reason(monitor)) == ("unknown", reason)


async def test_an_incident_that_cannot_be_ended_does_not_hold_up_the_others(case: EvaluationCase) -> None:
    broken, other = await down(case), await down(case)
    await case.installation.value("""UPDATE monitor SET policy = '{"quorum": "never"}' WHERE public_id = $1""", broken)
    await case.installation.value("UPDATE monitor SET status = 'disabled'")
    await end_orphaned(case.db)
    assert await case.timeline(broken) == [OPENED]
    assert await case.timeline(other) == [OPENED, RESOLVED]


async def test_a_target_that_fails_like_the_one_before_it_must_be_confirmed_anew(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -8, "fff")
    await case.installation.value("UPDATE monitor SET target_changed_at = $1", case.at(-5))
    await case.evaluate(monitor, -6, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [], "the failure was the former target's"
    await case.evaluate(monitor, -5, "fff")
    assert await case.timeline(monitor) == []
    await case.evaluate(monitor, -4, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [OPENED]


@pytest.mark.parametrize("change", ["UPDATE monitor SET status = 'disabled'", "UPDATE monitor SET deleted_at = now()"])
async def test_results_of_an_inactive_monitor_are_not_evaluated(case: EvaluationCase, change: str) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -8, "ppp")
    await case.store(monitor, -5, "fff")
    await case.installation.value(change)
    await evaluate_due(case.db)
    assert (await case.verdict(monitor), await case.waiting_evaluations(), await case.rechecks()) == ("up", 0, 0)


async def test_a_monitor_in_maintenance_is_evaluated(case: EvaluationCase) -> None:
    monitor = await case.monitor(status="maintenance")
    await case.evaluate(monitor, -8, "fff")
    await case.evaluate(monitor, -7, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [OPENED]


async def retries(case: EvaluationCase) -> list[tuple[object, ...]]:
    return await case.installation.rows("SELECT due_at, location_ids FROM recheck WHERE location_ids IS NOT NULL")


@pytest.mark.parametrize(
    ("again", "verdict", "rechecks"),
    [
        pytest.param("f", "up", 1, id="failed again: it counts, and all locations recheck"),
        pytest.param("p", "degraded", 0, id="passed then: a warning"),
        pytest.param("a", "up", 1, id="could not be tried: the failure counts"),
        pytest.param("n", "up", 1, id="no agent was there for the retry: the failure counts"),
    ],
)
async def test_with_a_local_retry_a_failure_counts_once_it_was_tried_again(
    case: EvaluationCase, again: str, verdict: str, rechecks: int
) -> None:
    monitor = await case.monitor(interval=86_400, retry_on_failure=True)
    await case.evaluate(monitor, -9, "ppp")
    await case.evaluate(monitor, -8, "ffp")
    assert (await case.verdict(monitor), await case.rechecks()) == ("up", 0)
    [(due, locations)] = await retries(case)
    assert len(locations) == 2  # type: ignore[arg-type]
    await case.store(monitor, 0, f"{again}{again}-", purpose=Purpose.RECHECK, due=due)
    await case.installation.value("UPDATE evaluation SET check_at = now() - interval '1 ms'")
    await evaluate_due(case.db)
    assert (await case.verdict(monitor), await case.rechecks()) == (verdict, rechecks)
    assert await case.waiting_evaluations() == 0
    if again == "p":
        assert await case.reason(monitor) == "3 of 3 countries pass; passed when tried again"


async def test_a_retry_that_never_happens_is_not_waited_for(case: EvaluationCase) -> None:
    monitor = await case.monitor(interval=86_400, retry_on_failure=True)
    await case.evaluate(monitor, -9, "ppp")
    await case.evaluate(monitor, -8, "fff")
    assert await case.waiting_evaluations() == 1
    await case.installation.value(
        "UPDATE evaluation SET ripe_at = now() - interval '1 ms', check_at = now() - interval '1 ms'"
    )
    await evaluate_due(case.db)
    assert (await case.waiting_evaluations(), await case.rechecks()) == (0, 1)


async def test_a_retry_that_the_next_round_overtakes_is_not_waited_for(case: EvaluationCase) -> None:
    monitor = await case.monitor(interval=10, retry_on_failure=True)
    await case.evaluate(monitor, -9, "ppp")
    await case.evaluate(monitor, -8, "fff")
    assert (await case.waiting_evaluations(), await case.rechecks()) == (0, 1)


async def test_old_retries_are_deleted(case: EvaluationCase) -> None:
    monitor = await case.monitor(interval=86_400, retry_on_failure=True)
    await case.store(monitor, 0, "fff")
    await forget_retries(case.db)
    assert await case.installation.value("SELECT count(*) FROM retry") == 3
    await case.installation.value("UPDATE retry SET due_at = $1", utc_now() - timedelta(hours=2))
    await forget_retries(case.db)
    assert await case.installation.value("SELECT count(*) FROM retry") == 3  # the longest deadline is an hour
    await case.installation.value("UPDATE retry SET due_at = $1", utc_now() - timedelta(hours=4))
    await forget_retries(case.db)
    assert await case.installation.value("SELECT count(*) FROM retry") == 0
