"""A monitor that runs by its own clock, as in the product, and everything that its checks found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.evaluation.evaluate import EvaluationOutcome
from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.monitors.inherited import policy_fields
from controller.decisions.replay.recorded import RecordedCheck, Recording, Window
from controller.decisions.replay.replay import PolicyReplay, ReplayedIncident
from controller.model import ScheduledMonitor
from shared.wire.messages import ResultStatus
from tests.unit.controller.evaluation.rounds_and_rechecks import LOCATIONS, CheckPlan, Clockwork, Failing


class RecordedClockwork(Clockwork):
    """`recorded` are all results; `lived` are the incidents that were opened and resolved meanwhile."""

    def __init__(
        self,
        failing: Failing,
        *,
        interval: int = 60,
        failing_ms: int = 200,
        policy: Policy = STANDARD,
        per_round: int | None = None,
    ) -> None:
        super().__init__(failing, interval=interval, failing_ms=failing_ms, policy=policy, per_round=per_round)
        self.monitor = msgspec.structs.replace(self.monitor, **policy_fields(policy))
        self.recorded: list[RecordedCheck] = []
        self.lived: list[ReplayedIncident] = []

    @property
    def failing_ms(self) -> list[int]:
        """When checks were due that failed."""
        return sorted({one.due_ms for one in self.recorded if one.status is ResultStatus.FAILURE})

    def _check(self, plan: CheckPlan, here: int) -> tuple[int, int, CheckPlan, CheckOutcome]:
        done, number, plan, outcome = super()._check(plan, here)
        status = outcome.status or ResultStatus.UNKNOWN
        self.recorded.append(RecordedCheck(plan.due_ms, here, plan.purpose, status, done, outcome.failure))
        return done, number, plan, outcome

    def _follow(self, made: EvaluationOutcome, now: int) -> None:
        for one in made.changes:
            change = one.change
            match change.kind:
                case ChangeKind.OPENED:
                    self.lived.append(
                        ReplayedIncident(
                            opened_ms=now, resolved_ms=None, severity=change.severity, reason=change.reason
                        )
                    )
                case ChangeKind.ESCALATED:
                    self._change(severity=change.severity, reason=change.reason)
                case ChangeKind.RESOLVED:
                    self._change(resolved_ms=now)
        super()._follow(made, now)

    def _change(self, **fields: object) -> None:
        self.lived[-1] = msgspec.structs.replace(self.lived[-1], **fields)

    def replayed(
        self,
        policy: Policy,
        seconds: float,
        checks: Sequence[RecordedCheck] | None = None,
        windows: Sequence[Window] | None = None,
    ) -> PolicyReplay:
        """What this policy makes of the recorded checks."""
        known = self.recorded if checks is None else checks
        monitor: ScheduledMonitor = self.monitor
        replay = PolicyReplay(monitor, policy, LOCATIONS, Recording(monitor, LOCATIONS, known, windows=windows))
        replay.run(self.begin_ms + int(seconds * 1000))
        return replay
