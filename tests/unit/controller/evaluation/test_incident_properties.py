"""Whatever happens to results and controllers: one incident at a time, none without evidence, no change twice."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.quorum import Finding, Outcome, count_rechecked
from controller.decisions.evaluation.regional_rechecks import follow_up, take_recheck
from controller.decisions.evaluation.state import (
    ChangeKind,
    Evaluation,
    IncidentChange,
    MonitorState,
    Severity,
    VerdictKind,
    take,
)
from tests.unit.controller.evaluation.evaluations import INTERVAL_MS, RECHECK_MS, finding_of, latest_round, votes

POLICIES = st.one_of(
    st.sampled_from([STANDARD, *PRESETS.values()]),
    st.builds(
        Policy,
        quorum=st.sampled_from(["any", "majority", "all", 2, 3]),
        rechecks=st.sampled_from([None, 0, 1, 3]),
        consecutive_rounds=st.integers(1, 3),
        recovery_rounds=st.integers(1, 3),
    ),
)


def ballots_of(size: int) -> st.SearchStrategy[str]:
    """Mostly all locations give the same ballot; sometimes each gives its own."""
    same = st.sampled_from("ppffwgb").map(lambda letter: letter * size)
    return st.one_of(same, same, st.text("ppffwgdb", min_size=size, max_size=size))


class Incidents(RuleBasedStateMachine):
    """A controller evaluates. It may crash before it has recorded the result, and another then evaluates again.

    Evaluations are lost, come twice, and come after later ones.
    """

    @initialize(policy=POLICIES, size=st.integers(1, 5))
    def begin(self, policy: Policy, size: int) -> None:
        self.policy = policy
        self.size = size
        self.state = MonitorState()
        self.round = 0
        self.rechecks = 0
        self.recheck = False
        self.taken: list[Evaluation] = []
        self.lost: list[Evaluation] = []
        self.timeline: list[tuple[Evaluation, IncidentChange]] = []

    def _finding(self, ballots: str) -> Finding:
        return finding_of(ballots, self.policy)

    def _take(self, evaluation: Evaluation) -> None:
        step = take(self.state, evaluation, self.policy)
        again = take(self.state, evaluation, self.policy)
        assert again == step, "a controller that takes over must come to the same result"
        repeated = take(step.state, evaluation, self.policy)
        assert (repeated.state, repeated.changes, repeated.recheck) == (step.state, (), False), (
            "an evaluation that comes twice must change nothing"
        )
        self.state = follow_up(step.state, evaluation, self.policy, evaluation.due_ms, latest_round)
        self.recheck = step.recheck
        self.taken.append(evaluation)
        self.timeline += [(evaluation, change) for change in step.changes]
        for change in step.changes:
            self._check(evaluation, change)

    def _check(self, evaluation: Evaluation, change: IncidentChange) -> None:
        """Assert that the evaluation justifies the change."""
        assert change.reason
        assert change.outage_started_ms <= evaluation.due_ms
        if change.kind is ChangeKind.FLAPPING:
            return
        failing = len(evaluation.finding.failing)
        if change.kind is ChangeKind.RESOLVED:
            assert not failing
            assert evaluation.finding.passing
        elif change.severity is Severity.DOWN:
            assert failing >= self.policy.needed(self.size), "down without a quorum of failures in this evaluation"
            needed = self.policy.consecutive_rounds + self.policy.rechecks_with(self.size)
            assert self._failing_in_a_row() >= needed, "down without as many failing evaluations as the policy requires"
        else:
            assert failing, "partial without a location that fails"
            if change.kind is ChangeKind.OPENED:
                assert evaluation.due_ms - change.outage_started_ms >= 60_000, "partial before a minute has passed"

    def _failing_in_a_row(self) -> int:
        """How many evaluations in a row had a failing quorum; undecided ones are passed over."""
        number = 0
        for evaluation in reversed(self.taken):
            if evaluation.finding.outcome is Outcome.FAILING:
                number += 1
            elif evaluation.finding.outcome is not Outcome.UNDECIDED:
                break
        return number

    @rule(data=st.data())
    def round_comes(self, data: Any) -> None:
        self.round += 1
        self.rechecks = 0
        self._take(self._evaluation(data.draw(ballots_of(self.size)), is_round=True))

    @precondition(lambda self: self.recheck)
    @rule(data=st.data())
    def recheck_comes(self, data: Any) -> None:
        self.rechecks += 1
        self._take(self._evaluation(data.draw(ballots_of(self.size)), is_round=False))

    @precondition(lambda self: any(not one.everywhere for one in self.state.rechecks))
    @rule(data=st.data())
    def failing_locations_alone_come(self, data: Any) -> None:
        """A recheck of the locations that failed, even one that was withdrawn too late, changes no verdict."""
        recheck = data.draw(st.sampled_from([one for one in self.state.rechecks if not one.everywhere]))
        ballots = data.draw(ballots_of(self.size))
        asked = [vote for vote in votes(ballots) if vote.location_id in recheck.location_ids]
        finding = count_rechecked(asked, self.size)
        evaluation = Evaluation(recheck.due_ms, self.round, False, self.size, finding, whole=False)
        before = self.state
        step = take_recheck(before, evaluation)
        after = self.state = follow_up(step.state, evaluation, self.policy, recheck.due_ms, latest_round)
        assert not step.changes
        assert not step.recheck
        assert (after.verdict, after.severity) == (before.verdict, before.severity)
        assert after.failing_evaluations == before.failing_evaluations
        assert after.taken_ms == recheck.due_ms
        assert not after.by_location.keys() & (finding.passing | finding.probe_blocked)
        self.rechecks = max(self.rechecks, (recheck.due_ms - self.round * INTERVAL_MS) // RECHECK_MS)

    @rule(data=st.data())
    def round_is_lost(self, data: Any) -> None:
        """The results of a round come much later, if at all."""
        self.round += 1
        self.rechecks = 0
        self.lost.append(self._evaluation(data.draw(ballots_of(self.size)), is_round=True))

    @precondition(lambda self: self.lost and self.taken and self.lost[-1].due_ms < self.taken[-1].due_ms)
    @rule()
    def lost_round_comes_late(self) -> None:
        before = self.state
        step = take(before, self.lost.pop(), self.policy)
        assert step == (before, (), False), "an evaluation after a later one must change nothing"

    @rule()
    def controller_dies_before_it_has_written_anything_down(self) -> None:
        """A successor knows the monitor state as it was stored, and nothing else."""
        stored = msgspec.json.encode(self.state)
        self.state = msgspec.json.decode(stored, type=MonitorState)

    def _evaluation(self, ballots: str, *, is_round: bool) -> Evaluation:
        due_ms = self.round * INTERVAL_MS + self.rechecks * RECHECK_MS
        return Evaluation(due_ms, self.round, is_round, self.size, self._finding(ballots))

    @invariant()
    def at_most_one_incident_is_open(self) -> None:
        open_ = 0
        for _, change in getattr(self, "timeline", ()):
            open_ += {ChangeKind.OPENED: 1, ChangeKind.RESOLVED: -1}.get(change.kind, 0)
            assert open_ in (0, 1)
        if hasattr(self, "state"):
            assert (self.state.severity is not None) == bool(open_), "the monitor state must know of the open incident"

    @invariant()
    def every_change_is_a_change(self) -> None:
        """No two changes in a row are the same, and an incident has at most one change to flapping."""
        severity: Severity | None = None
        flapping = False
        for _, change in getattr(self, "timeline", ()):
            match change.kind:
                case ChangeKind.OPENED:
                    assert severity is None
                    severity, flapping = change.severity, False
                case ChangeKind.ESCALATED:
                    assert (severity, change.severity) == (Severity.PARTIAL, Severity.DOWN)
                    severity = change.severity
                case ChangeKind.EASED:
                    assert (severity, change.severity) == (Severity.DOWN, Severity.PARTIAL)
                    severity = change.severity
                case ChangeKind.FLAPPING:
                    assert severity is not None
                    assert not flapping
                    flapping = True
                case ChangeKind.RESOLVED:
                    assert severity is change.severity
                    severity = None

    @invariant()
    def a_bad_verdict_has_an_incident(self) -> None:
        state: MonitorState | None = getattr(self, "state", None)
        if state is None:
            return
        if state.verdict is VerdictKind.DOWN:
            assert state.severity is Severity.DOWN
        if state.verdict is VerdictKind.PARTIAL:
            assert state.severity is Severity.PARTIAL
        if state.severity is not None and state.verdict in (VerdictKind.UP, VerdictKind.DEGRADED):
            assert state.flapping, "only flapping may hold an incident open while all locations pass"
        assert state.severity or not state.flapping, "only an open incident can flap"

    def teardown(self) -> None:
        """Whatever happened before, a lasting recovery resolves the incident, and a lasting outage is confirmed."""
        if not hasattr(self, "state"):
            return
        for _ in range(20):
            self.round, self.rechecks = self.round + 1, 0
            self._take(self._evaluation("p" * self.size, is_round=True))
        assert self.state.severity is None
        assert self.state.stable
        self.at_most_one_incident_is_open()
        before = self.state
        self._take(self._next_evaluation("p"))
        assert self.state.verdict is before.verdict
        for _ in range(self.policy.consecutive_rounds + self.policy.rechecks_with(self.size)):
            self._take(self._next_evaluation("f"))
        assert self.state.severity is Severity.DOWN
        self.at_most_one_incident_is_open()
        self.every_change_is_a_change()

    def _next_evaluation(self, letter: str) -> Evaluation:
        self.round, self.rechecks = self.round + 1, 0
        return self._evaluation(letter * self.size, is_round=True)


Incidents.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestIncidents = Incidents.TestCase
