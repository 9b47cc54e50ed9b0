"""Runs the evaluator (decisions.evaluation.evaluate) over the recorded checks of one monitor, under any policy. Pure.

While nothing fails and nothing is suspected, rounds are passed over: none of them could change an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.evaluate import EvaluationOutcome, WaitingEvaluation, evaluate
from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.ripe import ripe_ms
from controller.decisions.evaluation.state import ChangeKind, MonitorState, Severity, VerdictKind
from controller.decisions.evaluation.votes import voters
from controller.decisions.evaluation.wording import USUAL, VerdictWords
from controller.decisions.maintenance.at_locations import NONE_MAINTAINED, MaintainedLocations
from controller.decisions.monitors.inherited import policy_fields
from controller.decisions.replay.recorded import Answers, Recording
from controller.decisions.schedule.rounds import RECHECK_SECONDS, Recheck, is_overtaken
from controller.model import Location, ScheduledMonitor
from shared.wire.rounds import Purpose

_MOST_AT_ONCE = 50


class ReplayedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that a policy would have opened; `severity` is the worst that it had, `resolved_ms` is None when it
    would still be open at the end.
    """

    opened_ms: int
    resolved_ms: int | None
    severity: Severity
    reason: str


class _Coming(NamedTuple):
    """A round or recheck that comes next; `location_ids` None are all."""

    due_ms: int
    purpose: Purpose
    location_ids: tuple[int, ...] | None = None


class PolicyReplay:
    """`monitor` and `recording` are of the same monitor. `retries`: its failed checks are tried again. `uncovered` says
    that the replay ended early: an incident or a suspicion outlasts what was read.
    """

    def __init__(
        self,
        monitor: ScheduledMonitor,
        policy: Policy,
        locations: Sequence[Location],
        recording: Recording,
        *,
        retries: bool = False,
        words: VerdictWords = USUAL,
        maintained: MaintainedLocations = NONE_MAINTAINED,
    ) -> None:
        self._monitor = msgspec.structs.replace(monitor, **policy_fields(policy))
        self._policy = policy
        self._locations = locations
        self._recording = recording
        self._retries = retries
        self._words = words
        self._maintained = maintained
        self._rechecks: dict[int, _Coming] = {}
        self._now_ms = 0
        self._passed_ms = 0
        self._state = MonitorState(verdict=VerdictKind.UP, since_ms=1)
        self.incidents: list[ReplayedIncident] = []
        self.uncovered = False

    def run(self, until_ms: int) -> None:
        """Take everything that is due not later."""
        while self.step(until_ms):
            pass

    @property
    def quiet(self) -> bool:
        """Whether rounds without a failure change nothing that an incident depends on."""
        state = self._state
        return state.severity is None and not state.failing_evaluations and not state.by_location

    def step(self, until_ms: int) -> bool:
        """Take what comes next; false when nothing is left."""
        first = self._next(self._passed_ms, quiet=self.quiet)
        if not self.quiet and not self._recording.covers(self._passed_ms, first.due_ms if first else until_ms):
            self.uncovered = True
            return False
        if first is None or first.due_ms > until_ms:
            return False
        made = self._waiting(first)
        if made is None:
            self._pass(first)
            return True
        waiting, now_ms = [made[0]], max(self._now_ms, made[1])
        batch = [first]
        while not self.quiet and len(batch) < _MOST_AT_ONCE:
            coming = self._next(batch[-1].due_ms, quiet=False)
            if coming is None or coming.due_ms >= now_ms:
                break
            more = self._waiting(coming)
            if more is None or more[1] > now_ms:
                break
            batch.append(coming)
            waiting.append(more[0])
        self._now_ms = now_ms
        outcome = evaluate(
            self._monitor,
            self._policy,
            self._locations,
            self._state,
            waiting,
            now_ms,
            retries=self._retries,
            words=self._words,
            maintained=self._maintained,
        )
        self._take(outcome, now_ms)
        for one in batch[: max(outcome.taken, 1)]:
            self._pass(one)
        return True

    def _next(self, after_ms: int, *, quiet: bool) -> _Coming | None:
        find = self._recording.suspect_round_after if quiet else self._recording.round_after
        due_ms = find(after_ms)
        found = [] if due_ms is None else [_Coming(due_ms, Purpose.SCHEDULED)]
        found += [one for one in self._rechecks.values() if one.due_ms > after_ms]
        return min(found, key=lambda one: one.due_ms, default=None)

    def _waiting(self, coming: _Coming) -> tuple[WaitingEvaluation, int] | None:
        """What is evaluated, and when its votes are there; None when it need not be."""
        voting = voters(self._monitor, self._policy, self._locations, coming.due_ms, coming.purpose)
        if coming.location_ids is not None:
            voting = [here for here in voting if here.id in coming.location_ids]
        answers = self._recording.answers(coming.due_ms, coming.purpose, voting)
        if self.quiet and coming.purpose is Purpose.SCHEDULED and not answers.fails:
            return None
        return self._evaluation(coming, answers)

    def _evaluation(self, coming: _Coming, answers: Answers) -> tuple[WaitingEvaluation, int]:
        ripe = ripe_ms(self._monitor, coming.due_ms, answers.noted_ms, retries=self._retries)
        waiting = WaitingEvaluation(coming.due_ms, coming.purpose, ripe, answers.outcomes, answers.retries)
        return waiting, answers.ready_ms if answers.complete else max(ripe, answers.ready_ms)

    def _pass(self, coming: _Coming) -> None:
        self._passed_ms = max(self._passed_ms, coming.due_ms)
        self._rechecks = {due_ms: one for due_ms, one in self._rechecks.items() if due_ms > self._passed_ms}

    def _take(self, outcome: EvaluationOutcome, now_ms: int) -> None:
        self._state = outcome.state
        for recorded in outcome.changes:
            change = recorded.change
            if change.kind is ChangeKind.OPENED:
                opened = ReplayedIncident(
                    opened_ms=now_ms, resolved_ms=None, severity=change.severity, reason=change.reason
                )
                self.incidents.append(opened)
            elif change.kind is ChangeKind.ESCALATED:
                self._change_last(severity=change.severity, reason=change.reason)
            elif change.kind is ChangeKind.RESOLVED:
                self._change_last(resolved_ms=now_ms)
        for due_ms in outcome.withdrawn_ms:
            self._rechecks.pop(due_ms, None)
        for one in outcome.rechecks:
            ids = None if one.location_ids is None else tuple(one.location_ids)
            self._plan(one.round_due_ms, _Coming(one.due_ms, Purpose.RECHECK, ids))
        if outcome.recheck_of_ms is not None:
            due_ms = now_ms + RECHECK_SECONDS * 1000
            self._plan(outcome.recheck_of_ms, _Coming(due_ms, Purpose.RECHECK))

    def _plan(self, round_due_ms: int, coming: _Coming) -> None:
        if not is_overtaken(Recheck(0, self._monitor.id, round_due_ms, coming.due_ms, None), self._monitor):
            self._rechecks[coming.due_ms] = coming

    def _change_last(self, **fields: object) -> None:
        self.incidents[-1] = msgspec.structs.replace(self.incidents[-1], **fields)
