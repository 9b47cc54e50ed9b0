"""Whose votes count, by which policy, and what becomes of monitors that were changed, disabled or deleted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from controller.decisions.evaluation.policy import Policy
from controller.pipeline.evaluator import end_forsaken, judge_looks
from controller.store.evaluation.evaluations import forget_retries
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.pipeline.court import Court

OPENED = ("opened", "down")
RESOLVED = ("resolved", "down")


async def the_id(court: Court, code: str) -> int:
    number: int = await court.world.value("SELECT id FROM location WHERE code = $1", code)
    return number


async def test_with_primary_the_home_location_votes_and_the_others_recheck_it(court: Court) -> None:
    monitor = await court.monitor(mode="Primary", home_location_id=await the_id(court, "us"))
    await court.look(monitor, -8, "ffp")
    assert (await court.verdict(monitor), await court.rechecks()) == ("up", 0)
    await court.look(monitor, -5, "ppf")
    await court.recheck(monitor, "ppf")
    assert await court.timeline(monitor) == []
    await court.look(monitor, 11, "ppf")
    await court.look(monitor, 12, "fpp", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [OPENED]


async def test_with_round_robin_the_location_in_turn_votes_and_two_in_a_row_are_believed(court: Court) -> None:
    monitor = await court.monitor(mode="Round Robin")
    for number in range(2):
        await court.look(monitor, 60 * number, "fff")
        assert await court.timeline(monitor) == [OPENED] * number
        assert await court.rechecks() == 0
    votes = (await court.world.value("SELECT evidence FROM incident"))["votes"]
    assert len(votes) == 1


@pytest.mark.parametrize(
    ("level", "statement"),
    [
        pytest.param("monitor", "UPDATE monitor SET policy = $1", id="its own policy"),
        pytest.param("customer", "UPDATE customer SET policy = $1", id="its customer's policy"),
        pytest.param("organization", "UPDATE organization SET policy = $1", id="its organization's policy"),
    ],
)
async def test_a_monitor_is_judged_by_the_policy_that_holds_for_it(court: Court, level: str, statement: str) -> None:
    monitor = await court.monitor()
    await court.world.value(statement, Policy(quorum="any", rechecks=0))
    await court.look(monitor, 0, "fpp")
    assert await court.timeline(monitor) == [OPENED]


async def test_the_customers_threshold_is_a_quorum(court: Court) -> None:
    monitor = await court.monitor()
    await court.world.value("UPDATE customer SET alert_location_threshold_count = 3")
    await court.look(monitor, -8, "ffp")
    await court.look(monitor, -7, "ffp", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == []
    await court.look(monitor, -6, "fff")
    await court.look(monitor, -5, "fff", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [OPENED]


async def down(court: Court) -> UUID:
    """A monitor with an open incident."""
    monitor = await court.monitor()
    await court.look(monitor, -8, "fff")
    await court.look(monitor, -7, "fff", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [OPENED]
    return monitor


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param("status = 'disabled'", "the monitor was disabled", id="disabled"),
        pytest.param("deleted_at = now()", "the monitor was deleted", id="deleted"),
        pytest.param("target_changed_at = now()", "the monitor checks something else now", id="another target"),
    ],
)
async def test_the_incident_of_a_monitor_that_is_not_watched_any_more_ends(
    court: Court, change: str, reason: str
) -> None:
    monitor = await down(court)
    await end_forsaken(court.db)
    assert await court.timeline(monitor) == [OPENED]
    await court.world.value(f"UPDATE monitor SET {change}")  # noqa: S608
    for _ in range(2):
        await end_forsaken(court.db)
    assert await court.timeline(monitor) == [OPENED, RESOLVED]
    assert await court.world.value("SELECT reason FROM incident_change WHERE kind = 'resolved'") == reason
    assert (await court.verdict(monitor), await court.reason(monitor)) == ("unknown", reason)


async def test_an_incident_that_cannot_be_ended_does_not_hold_up_the_others(court: Court) -> None:
    broken, other = await down(court), await down(court)
    await court.world.value("""UPDATE monitor SET policy = '{"quorum": "never"}' WHERE public_id = $1""", broken)
    await court.world.value("UPDATE monitor SET status = 'disabled'")
    await end_forsaken(court.db)
    assert await court.timeline(broken) == [OPENED]
    assert await court.timeline(other) == [OPENED, RESOLVED]


async def test_a_target_that_fails_like_the_one_before_it_must_be_confirmed_anew(court: Court) -> None:
    monitor = await court.monitor()
    await court.look(monitor, -8, "fff")
    await court.world.value("UPDATE monitor SET target_changed_at = $1", court.at(-5))
    await court.look(monitor, -6, "fff", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [], "that was the former target"
    await court.look(monitor, -5, "fff")
    assert await court.timeline(monitor) == []
    await court.look(monitor, -4, "fff", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [OPENED]


@pytest.mark.parametrize("change", ["status = 'disabled'", "deleted_at = now()"])
async def test_what_a_monitor_nobody_watches_brings_is_not_judged(court: Court, change: str) -> None:
    monitor = await court.monitor()
    await court.look(monitor, -8, "ppp")
    await court.hear(monitor, -5, "fff")
    await court.world.value(f"UPDATE monitor SET {change}")  # noqa: S608
    await judge_looks(court.db)
    assert (await court.verdict(monitor), await court.looks(), await court.rechecks()) == ("up", 0, 0)


async def test_a_monitor_in_maintenance_is_judged(court: Court) -> None:
    monitor = await court.monitor(status="maintenance")
    await court.look(monitor, -8, "fff")
    await court.look(monitor, -7, "fff", purpose=Purpose.RECHECK)
    assert await court.timeline(monitor) == [OPENED]


async def retries(court: Court) -> list[tuple[object, ...]]:
    return await court.world.rows("SELECT due_at, location_ids FROM recheck WHERE location_ids IS NOT NULL")


@pytest.mark.parametrize(
    ("again", "verdict", "rechecks"),
    [
        pytest.param("f", "up", 1, id="failed again: it counts, and all are asked"),
        pytest.param("p", "degraded", 0, id="passed then: a warning"),
        pytest.param("a", "up", 1, id="could not be tried: the failure counts"),
        pytest.param("n", "up", 1, id="no agent was there to try: the failure counts"),
    ],
)
async def test_with_a_local_retry_a_failure_counts_once_it_was_tried_again(
    court: Court, again: str, verdict: str, rechecks: int
) -> None:
    monitor = await court.monitor(interval=86_400, retry_on_failure=True)
    await court.look(monitor, -9, "ppp")
    await court.look(monitor, -8, "ffp")
    assert (await court.verdict(monitor), await court.rechecks()) == ("up", 0)
    [(due, locations)] = await retries(court)
    assert len(locations) == 2  # type: ignore[arg-type]
    await court.hear(monitor, 0, f"{again}{again}-", purpose=Purpose.RECHECK, due=due)
    await court.world.value("UPDATE look SET check_at = now()")
    await judge_looks(court.db)
    assert (await court.verdict(monitor), await court.rechecks()) == (verdict, rechecks)
    assert await court.looks() == 0
    if again == "p":
        assert await court.reason(monitor) == "3 of 3 countries pass; passed when tried again"


async def test_a_retry_that_never_happens_is_not_waited_for(court: Court) -> None:
    monitor = await court.monitor(interval=86_400, retry_on_failure=True)
    await court.look(monitor, -9, "ppp")
    await court.look(monitor, -8, "fff")
    assert await court.looks() == 1
    await court.world.value("UPDATE look SET ripe_at = now(), check_at = now()")
    await judge_looks(court.db)
    assert (await court.looks(), await court.rechecks()) == (0, 1)


async def test_a_retry_that_the_next_round_overtakes_is_not_waited_for(court: Court) -> None:
    monitor = await court.monitor(interval=10, retry_on_failure=True)
    await court.look(monitor, -9, "ppp")
    await court.look(monitor, -8, "fff")
    assert (await court.looks(), await court.rechecks()) == (0, 1)


async def test_retries_are_forgotten_when_nobody_asks_about_them_any_more(court: Court) -> None:
    monitor = await court.monitor(interval=86_400, retry_on_failure=True)
    await court.hear(monitor, 0, "fff")
    await forget_retries(court.db)
    assert await court.world.value("SELECT count(*) FROM retry") == 3
    await court.world.value("UPDATE retry SET due_at = $1", utc_now() - timedelta(hours=2))
    await forget_retries(court.db)
    assert await court.world.value("SELECT count(*) FROM retry") == 0
