"""When results are late, votes are not awaited any more, and checks are settled: with an evaluation deadline or not."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from controller.decisions.evaluation.evaluate import WaitingEvaluation, evaluate
from controller.decisions.evaluation.late import history_ms, late_ms
from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.ripe import ripe_ms
from controller.decisions.evaluation.state import MonitorState, Severity
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.schedule.rounds import PlannedCheck, due_after_ms
from controller.model import GapReason, ScheduledMonitor
from controller.pipeline.dispatcher import expected
from shared.epoch import to_datetime
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose
from tests.unit.controller.evaluation.evaluations import REFUSED
from tests.unit.controller.evaluation.rounds_and_rechecks import LOCATIONS, Clockwork, Failing, always

NOON_MS = 1_770_033_600_000
MONITOR = ScheduledMonitor(
    id=1,
    public_id=UUID(int=7),
    kind="smtp",
    hostname="mail.example.org",
    port=None,
    config={},
    interval_seconds=300,
    timeout_seconds=20,
    allowed_check_country_codes=None,
    target_changed_at=to_datetime(NOON_MS),
    updated_at=to_datetime(NOON_MS),
)


def with_deadline(seconds: int | None) -> ScheduledMonitor:
    return msgspec.structs.replace(MONITOR, evaluation_deadline_seconds=seconds)


@pytest.mark.parametrize(
    ("deadline", "late", "history"),
    [
        pytest.param(None, 60 + 20 + 5, 300, id="a check may begin 60 s late and take 20 s"),
        pytest.param(30, 60 + 20 + 5, 300, id="a deadline that comes sooner changes nothing"),
        pytest.param(900, 900, 1020, id="a deadline makes it later"),
    ],
)
def test_when_a_result_is_late(deadline: int | None, late: int, history: int) -> None:
    monitor = with_deadline(deadline)
    assert late_ms(monitor, NOON_MS) - NOON_MS == late * 1000
    assert history_ms(monitor, NOON_MS) - NOON_MS == history * 1000
    settled = expected(PlannedCheck(monitor, NOON_MS, LOCATIONS[0], Purpose.SCHEDULED))
    assert settled.reason is GapReason.NO_RESULT
    assert settled.settle_ms == late_ms(monitor, NOON_MS) + 10_000


@pytest.mark.parametrize(
    ("deadline", "noted", "retries", "ripe"),
    [
        pytest.param(None, 1, False, 25, id="a check that began in time has ended"),
        pytest.param(None, 40, False, 45, id="others get five seconds after the first result"),
        pytest.param(None, 84, False, 85, id="but nobody waits for late results"),
        pytest.param(None, 1, True, 25 + 10 + 20, id="a retry takes its time"),
        pytest.param(900, 1, False, 900, id="missing votes are awaited until the deadline"),
        pytest.param(900, 1, True, 900 + 10 + 900, id="and those of retries too"),
    ],
)
def test_when_an_evaluation_is_ripe(deadline: int | None, noted: int, retries: bool, ripe: int) -> None:
    found = ripe_ms(with_deadline(deadline), NOON_MS, NOON_MS + noted * 1000, retries=retries)
    assert found - NOON_MS == ripe * 1000


@pytest.mark.parametrize(("deadline", "votes"), [(None, ["blind", "failed", "failed"]), (900, ["failed"] * 3)])
def test_an_outcome_that_comes_after_ten_minutes(deadline: int | None, votes: list[str]) -> None:
    monitor = with_deadline(deadline)
    stored = {1: NOON_MS + 600_000, 2: NOON_MS + 1_000, 3: NOON_MS + 1_000}
    outcomes = [CheckOutcome(n, NOON_MS, ResultStatus.FAILURE, REFUSED, None, at) for n, at in stored.items()]
    ripe = ripe_ms(monitor, NOON_MS, NOON_MS + 1_000, retries=False)
    waiting = [WaitingEvaluation(NOON_MS, Purpose.SCHEDULED, ripe, outcomes, [])]
    made = evaluate(monitor, STANDARD, LOCATIONS[:3], MonitorState(), waiting, NOON_MS + 601_000)
    [change] = made.unconfirmed
    assert [vote.ballot for vote in change.evidence.votes] == votes


def test_a_vote_is_awaited_until_the_deadline_and_no_longer() -> None:
    monitor = with_deadline(900)
    outcomes = [CheckOutcome(n, NOON_MS, ResultStatus.SUCCESS, None, None, NOON_MS + 1_000) for n in (1, 2)]
    ripe = ripe_ms(monitor, NOON_MS, NOON_MS + 1_000, retries=False)
    waiting = [WaitingEvaluation(NOON_MS, Purpose.SCHEDULED, ripe, outcomes, [])]
    for seconds, again in ((2, 3), (600, 610), (899, 900), (900, None)):
        made = evaluate(monitor, STANDARD, LOCATIONS[:3], MonitorState(), waiting, NOON_MS + seconds * 1000)
        assert made.wait_until_ms == (None if again is None else NOON_MS + again * 1000)
        assert made.taken == (0 if again else 1)
    assert due_after_ms(monitor, NOON_MS) < NOON_MS + 900_000  # while later rounds are due


@pytest.mark.parametrize(
    ("failing", "deadline", "opened"),
    [
        pytest.param(always(1, 2, 3, 4, 5), 900, [(900, Severity.DOWN)], id="the next round confirms an outage"),
        pytest.param(always(1), 900, [(1240, Severity.PARTIAL)], id="rechecks confirm a regional outage"),
        pytest.param(always(1, 2, 3, 4, 5), None, [], id="without a deadline every failure comes too late"),
    ],
)
def test_failures_that_take_ten_minutes(
    failing: Failing, deadline: int | None, opened: list[tuple[int, Severity]]
) -> None:
    clockwork = Clockwork(failing, interval=300, failing_ms=600_000, deadline=deadline)
    clockwork.run(9000)
    assert [(one.seconds, one.severity) for one in clockwork.opened] == opened
