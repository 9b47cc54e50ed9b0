"""Outcomes of a monitor with an evaluation deadline are evidence until then, and missing votes are awaited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.model import GapReason
from controller.pipeline.evaluator import evaluate_due
from tests.integration.pipeline.evaluation_case import EvaluationCase

FIFTEEN_MINUTES = 900


@pytest.mark.parametrize(
    ("deadline", "due", "evaluated"),
    [
        pytest.param(None, -600, False, id="without a deadline a result after ten minutes is late"),
        pytest.param(FIFTEEN_MINUTES, -600, True, id="before its deadline it is evidence"),
        pytest.param(FIFTEEN_MINUTES, -FIFTEEN_MINUTES - 5, False, id="after its deadline it is late"),
        pytest.param(1, -30, True, id="a short deadline makes nothing late"),
    ],
)
async def test_a_late_outcome(case: EvaluationCase, deadline: int | None, due: int, evaluated: bool) -> None:
    monitor = await case.monitor(interval=300, evaluation_deadline_seconds=deadline)
    await case.evaluate(monitor, due, "fff")
    assert (await case.rechecks() > 0) is evaluated


async def test_missing_votes_are_awaited_until_the_deadline(case: EvaluationCase) -> None:
    monitor = await case.monitor(interval=300, evaluation_deadline_seconds=FIFTEEN_MINUTES)
    await case.evaluate(monitor, -600, "ff-")
    assert (await case.waiting_evaluations(), await case.rechecks()) == (1, 0)
    ripe_at = await case.installation.value("SELECT ripe_at FROM evaluation")
    assert ripe_at - case.at(-600) == timedelta(seconds=FIFTEEN_MINUTES)
    tried_again_at = await case.installation.value("SELECT check_at FROM evaluation")
    assert tried_again_at - case.began > timedelta(seconds=9)  # seldom, since it waits for long
    await case.evaluate(monitor, -600, "--f")
    assert (await case.waiting_evaluations(), await case.rechecks()) == (0, 1)


async def test_retries_are_awaited_as_long_again(case: EvaluationCase) -> None:
    monitor = await case.monitor(interval=7200, evaluation_deadline_seconds=FIFTEEN_MINUTES, retry_on_failure=True)
    await case.store(monitor, -600, "fff")
    ripe_at = await case.installation.value("SELECT ripe_at FROM evaluation")
    assert ripe_at - case.at(-600) == timedelta(seconds=FIFTEEN_MINUTES + 10 + FIFTEEN_MINUTES)


@pytest.mark.parametrize(
    ("deadline", "evaluated"),
    [
        pytest.param(None, False, id="one that should have been known long ago is history"),
        pytest.param(FIFTEEN_MINUTES, True, id="one that is known just after the deadline is evaluated"),
    ],
)
async def test_a_missing_check(case: EvaluationCase, deadline: int | None, evaluated: bool) -> None:
    monitor = await case.monitor(interval=300, evaluation_deadline_seconds=deadline)
    due = case.at(-FIFTEEN_MINUTES - 15)
    await case.record_gaps(monitor, due, ["de", "fr", "us"], reason=GapReason.NO_RESULT)
    assert (await case.waiting_evaluations() == 1) is evaluated
    await evaluate_due(case.db)
    assert await case.waiting_evaluations() == 0
