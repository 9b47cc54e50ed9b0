"""What is kept of failures that open no incident: one row for those close to each other, and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from controller.model import UnconfirmedRun
from controller.store.evaluation import unconfirmed
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase

MILLISECOND = timedelta(milliseconds=1)


async def kept(case: EvaluationCase, monitor: UUID | None = None) -> list[UnconfirmedRun]:
    async with case.db.connection() as connection:
        return (await unconfirmed.runs(connection, None, None, monitor, limit=500, offset=0)).runs


async def stored(
    case: EvaluationCase, monitor: UUID, *, first_at: datetime | None = None, last_at: datetime | None = None
) -> None:
    """A row, of an hour ago unless a time is given."""
    await case.installation.value(
        """
        INSERT INTO unconfirmed_failure (monitor_id, failing, reason, missing, evidence, first_at, last_at)
        SELECT id, 1, 'r', 'm', '{"dueAt": "2026-01-01T00:00:00Z", "purpose": "scheduled", "votes": []}', $2, $3
        FROM monitor WHERE public_id = $1
        """,
        monitor,
        first_at or case.at(-3600),
        last_at or case.at(-3600),
    )


async def test_a_failure_that_opens_no_incident_is_kept_with_what_was_missing(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, 0, "ppp")
    assert await kept(case) == []
    await case.evaluate(monitor, 60, "fpp")
    [run] = await kept(case)
    assert (run.monitor_public_id, run.evaluations, run.failing) == (monitor, 1, 1)
    assert run.reason == "1 of 3 countries cannot connect: refused; FR, US pass"
    assert run.missing.startswith("1 of 3 countries failed; the majority, 2, must fail.")
    assert [vote.ballot for vote in run.evidence.votes] == ["failed", "passed", "passed"]
    assert abs(run.first_at - case.at(60)) <= MILLISECOND
    assert (run.first_at, run.ended_by) == (run.last_at, None)


async def test_it_says_which_evaluation_passed_again(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -60, "ppp")
    await case.evaluate(monitor, 0, "ffp")
    await case.recheck(monitor, "ppp")
    [run] = await kept(case)
    assert (run.evaluations, run.failing, run.ended_by) == (1, 2, Purpose.RECHECK)
    assert run.ended_at is not None
    assert run.ended_at > run.last_at


async def test_a_location_that_fails_now_and_then_makes_one_row_with_its_worst_moment(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    for number, ballots in enumerate(["ppp", "fpp", "ppp", "ffp", "ppp", "pfp"]):
        await case.evaluate(monitor, 60 * number, ballots)
    [run] = await kept(case)
    assert (run.evaluations, run.failing, run.ended_by) == (3, 2, None)
    assert run.reason.startswith("2 of 3 countries")
    assert (run.last_at - run.first_at) == timedelta(minutes=4)


async def test_a_later_failure_is_a_row_of_its_own(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await stored(case, monitor)
    await case.evaluate(monitor, 0, "ppp")
    await case.evaluate(monitor, 60, "fpp")
    assert len(await kept(case)) == 2


async def test_failures_that_become_an_incident_are_not_kept(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -60, "ppp")
    await case.evaluate(monitor, 0, "fff")
    assert len(await kept(case)) == 1
    await case.recheck(monitor, "fff")
    assert await case.timeline(monitor) == [("opened", "down")]
    assert await kept(case) == []
    await case.evaluate(monitor, 60, "fff")
    assert await kept(case) == []


async def test_failures_before_an_outage_stay_and_say_that_an_incident_followed(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    for number, ballots in enumerate(["ppp", "fpp", "ppp", "fff"]):
        await case.evaluate(monitor, 60 * number, ballots)
    await case.evaluate(monitor, 190, "fff", purpose=Purpose.RECHECK)
    assert await case.timeline(monitor) == [("opened", "down")]
    [run] = await kept(case)
    assert run.ended_by == "incident"


async def test_a_location_that_the_server_refuses_is_kept(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, 0, "ppp")
    for number in (1, 2):
        await case.evaluate(monitor, 60 * number, "gpp")
    [run] = await kept(case)
    assert (run.evaluations, run.failing) == (2, 1)
    assert "problem of the address" in run.missing


async def test_what_is_old_or_too_much_is_forgotten(case: EvaluationCase) -> None:
    monitor, other = await case.monitor(), await case.monitor()
    await stored(case, monitor, first_at=case.at(-9 * 86_400), last_at=case.at(-8.1 * 86_400))
    for number in range(unconfirmed.KEPT_OF_A_MONITOR + 3):
        await stored(case, monitor, last_at=case.at(-number * 60))
    await stored(case, other)
    await unconfirmed.forget_old(case.db)
    left = await kept(case, monitor)
    assert len(left) == unconfirmed.KEPT_OF_A_MONITOR
    assert abs(left[0].last_at - case.at(0)) <= MILLISECOND
    assert len(await kept(case, other)) == 1
