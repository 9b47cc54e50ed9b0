"""A monitor whose rounds and rechecks run by a clock of their own: planned, checked and evaluated as in the product."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple
from uuid import UUID

from controller.decisions.evaluation.evaluate import EvaluationOutcome, WaitingEvaluation, evaluate
from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.ripe import ripe_ms
from controller.decisions.evaluation.state import ChangeKind, MonitorState, Severity
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.schedule.rotation import locations_of_round, pool
from controller.decisions.schedule.rounds import (
    RECHECK_SECONDS,
    Recheck,
    due_after_ms,
    is_overtaken,
)
from controller.model import Location, ScheduledMonitor
from shared.epoch import to_datetime
from shared.wire.failures import Failure, FailureSource
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, phase_ms
from tests.unit.controller.evaluation.evaluations import COUNTRIES, REFUSED

PUBLIC_ID = UUID(int=7)
ANSWER_MS = 200
LOCATIONS = [
    Location(id=position + 1, code=country.lower(), name=country, country_code=country, enabled=True, public_key="k")
    for position, country in enumerate(COUNTRIES)
]


class CheckPlan(NamedTuple):
    """Checks of these locations, due together."""

    due_ms: int
    purpose: Purpose
    location_ids: frozenset[int]


class Opened(NamedTuple):
    """An incident: how many seconds after the beginning, and what."""

    seconds: float
    severity: Severity
    reason: str


Failing = Callable[[int, float], Failure | None]
"""How a location (by its number) fails in a check that is due so many seconds after the beginning; None: it passes.
One that fails by our own fault is blind.
"""


class Clockwork:
    """`failing_ms` is how long a failing check takes. `checked` are the checks that were made so far, in order."""

    def __init__(
        self,
        failing: Failing,
        *,
        interval: int = 60,
        failing_ms: int = ANSWER_MS,
        policy: Policy = STANDARD,
        per_round: int | None = None,
        deadline: int | None = None,
    ) -> None:
        self._failing = failing
        self._failing_ms = failing_ms
        self._policy = policy
        interval_ms = interval * 1000
        self.begin_ms = 1_770_000_000_000 // interval_ms * interval_ms + phase_ms(PUBLIC_ID, interval_ms)
        set_at = to_datetime(self.begin_ms - 10 * interval_ms)
        self.monitor = ScheduledMonitor(
            id=1,
            public_id=PUBLIC_ID,
            kind="smtp",
            hostname="mail.example.org",
            port=None,
            config={},
            interval_seconds=interval,
            timeout_seconds=min(30, interval),
            allowed_check_country_codes=None,
            target_changed_at=set_at,
            updated_at=set_at,
            evaluation_deadline_seconds=deadline,
            rotate_locations=per_round is not None,
            locations_per_round=per_round or 1,
        )
        self.state = MonitorState()
        self.opened: list[Opened] = []
        self.verdicts: list[str] = []
        self.checked: list[CheckPlan] = []
        self._coming: list[CheckPlan] = []
        self._outcomes: dict[tuple[int, Purpose], dict[int, CheckOutcome]] = {}

    def run(self, seconds: float) -> None:
        """Let the time pass, from the first round on."""
        end = self.begin_ms + int(seconds * 1000)
        due = self.begin_ms
        while due <= end:
            asked = locations_of_round(self.monitor, LOCATIONS, due)
            self._coming.append(CheckPlan(due, Purpose.SCHEDULED, frozenset(here.id for here in asked)))
            due = due_after_ms(self.monitor, due)
        finished: list[tuple[int, int, CheckPlan, CheckOutcome]] = []
        while self._coming or finished:
            self._coming.sort()
            finished.sort(key=lambda one: one[0])
            if finished and (not self._coming or finished[0][0] <= self._coming[0].due_ms):
                now, _, plan, outcome = finished.pop(0)
                self._outcomes.setdefault(plan[:2], {})[outcome.location_id] = outcome
                self._evaluate(now)
            elif self._coming:
                plan = self._coming.pop(0)
                if plan.due_ms <= end:
                    self.checked.append(plan)
                    finished += [self._check(plan, here) for here in sorted(plan.location_ids)]

    def seconds(self, purpose: Purpose = Purpose.RECHECK) -> list[tuple[float, int]]:
        """When checks were made for that purpose, in seconds after the beginning, and by how many locations."""
        made = [one for one in self.checked if one.purpose is purpose]
        return [((one.due_ms - self.begin_ms) / 1000, len(one.location_ids)) for one in made]

    def _check(self, plan: CheckPlan, here: int) -> tuple[int, int, CheckPlan, CheckOutcome]:
        failure = self._failing(here, (plan.due_ms - self.begin_ms) / 1000)
        done = plan.due_ms + (ANSWER_MS if failure is None else self._failing_ms)
        ours = failure is not None and failure.source is FailureSource.AGENT
        status = ResultStatus.SUCCESS if failure is None else ResultStatus.UNKNOWN if ours else ResultStatus.FAILURE
        return done, here, plan, CheckOutcome(here, plan.due_ms, status, failure, None, done)

    def _evaluate(self, now: int) -> None:
        waiting = [
            WaitingEvaluation(due, purpose, ripe_ms(self.monitor, due, due, retries=False), [*known.values()], [])
            for (due, purpose), known in sorted(self._outcomes.items())
        ]
        made = evaluate(self.monitor, self._policy, LOCATIONS, self.state, waiting, now)
        for one in waiting[: made.taken]:
            del self._outcomes[one.due_ms, one.purpose]
        self.state = made.state
        self.verdicts += [change.verdict.value for change in made.verdict_changes]
        self.opened += [
            Opened((now - self.begin_ms) / 1000, one.change.severity, one.change.reason)
            for one in made.changes
            if one.change.kind is ChangeKind.OPENED
        ]
        self._follow(made, now)

    def _follow(self, made: EvaluationOutcome, now: int) -> None:
        """Plan the rechecks that were requested, as the scheduler does."""
        withdrawn = set(made.withdrawn_ms)
        self._coming = [one for one in self._coming if one.purpose is Purpose.SCHEDULED or one.due_ms not in withdrawn]
        for one in made.rechecks:
            self._plan(Recheck(0, 1, one.round_due_ms, one.due_ms, one.location_ids))
        if made.recheck_of_ms is not None:
            self._plan(Recheck(0, 1, made.recheck_of_ms, now + RECHECK_SECONDS * 1000, None))

    def _plan(self, recheck: Recheck) -> None:
        assert recheck.due_ms > self.state.taken_ms, "a recheck that is older than the latest evaluation is ignored"
        if not is_overtaken(recheck, self.monitor):
            everywhere: Collection[int] = [here.id for here in pool(self.monitor, LOCATIONS)]
            chosen = everywhere if recheck.location_ids is None else recheck.location_ids
            self._coming.append(CheckPlan(recheck.due_ms, Purpose.RECHECK, frozenset(chosen)))


def always(*locations: int, begin: float = 0, end: float = float("inf"), failure: Failure = REFUSED) -> Failing:
    """These locations fail in this time, in the same way; the others pass."""
    return lambda here, seconds: failure if here in locations and begin <= seconds < end else None
