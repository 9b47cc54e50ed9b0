"""Whatever happens to results, looks and controllers: one incident at a time, none without evidence, nothing twice."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.quorum import Finding, Outcome
from controller.decisions.evaluation.state import Change, ChangeKind, Look, Severity, Standing, VerdictKind, take
from tests.unit.looks import INTERVAL_MS, RECHECK_MS, found

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


def words(size: int) -> st.SearchStrategy[str]:
    """Mostly all locations see the same; sometimes each its own."""
    same = st.sampled_from("ppffwgb").map(lambda letter: letter * size)
    return st.one_of(same, same, st.text("ppffwgdb", min_size=size, max_size=size))


class Incidents(RuleBasedStateMachine):
    """A controller takes looks; it may die before it has written down what a look led to, and another takes it again;
    looks are lost, come twice, and come after later ones.
    """

    @initialize(policy=POLICIES, size=st.integers(1, 5))
    def begin(self, policy: Policy, size: int) -> None:
        self.policy = policy
        self.size = size
        self.standing = Standing()
        self.round = 0
        self.rechecks = 0
        self.recheck = False
        self.taken: list[Look] = []
        self.lost: list[Look] = []
        self.timeline: list[tuple[Look, Change]] = []

    def _finding(self, word: str) -> Finding:
        return found(word, self.policy)

    def _take(self, look: Look) -> None:
        step = take(self.standing, look, self.policy)
        again = take(self.standing, look, self.policy)
        assert again == step, "a controller that takes over comes to the same"
        repeated = take(step.standing, look, self.policy)
        assert (repeated.standing, repeated.changes, repeated.recheck) == (step.standing, (), False), "taken twice"
        self.standing = step.standing
        self.recheck = step.recheck
        self.taken.append(look)
        self.timeline += [(look, change) for change in step.changes]
        for change in step.changes:
            self._check(look, change)

    def _check(self, look: Look, change: Change) -> None:
        """What may be told, given what was seen."""
        assert change.reason
        assert change.outage_started_ms <= look.due_ms
        if change.kind is ChangeKind.FLAPPING:
            return
        failing = len(look.finding.failing)
        if change.kind is ChangeKind.RESOLVED:
            assert not failing
            assert look.finding.passing
        elif change.severity is Severity.DOWN:
            assert failing >= self.policy.needed(self.size), "down without a quorum of failures in this look"
            needed = self.policy.consecutive_rounds + self.policy.rechecks_with(self.size)
            assert self._failing_in_a_row() >= needed, "down without as many failing looks as the policy asks for"
        else:
            assert failing, "partial without a location that fails"

    def _failing_in_a_row(self) -> int:
        """Looks in which the quorum failed, since the last that was decided otherwise."""
        number = 0
        for look in reversed(self.taken):
            if look.finding.outcome is Outcome.FAILING:
                number += 1
            elif look.finding.outcome is not Outcome.UNDECIDED:
                break
        return number

    @rule(data=st.data())
    def round_comes(self, data: Any) -> None:
        self.round += 1
        self.rechecks = 0
        self._take(self._look(data.draw(words(self.size)), is_round=True))

    @precondition(lambda self: self.recheck)
    @rule(data=st.data())
    def recheck_comes(self, data: Any) -> None:
        self.rechecks += 1
        self._take(self._look(data.draw(words(self.size)), is_round=False))

    @rule(data=st.data())
    def round_is_lost(self, data: Any) -> None:
        """Its results come much later, if at all."""
        self.round += 1
        self.rechecks = 0
        self.lost.append(self._look(data.draw(words(self.size)), is_round=True))

    @precondition(lambda self: self.lost and self.taken and self.lost[-1].due_ms < self.taken[-1].due_ms)
    @rule()
    def lost_round_comes_late(self) -> None:
        before = self.standing
        step = take(before, self.lost.pop(), self.policy)
        assert step == (before, (), False), "what comes after a later look is history"

    @rule()
    def controller_dies_before_it_has_written_anything_down(self) -> None:
        """The standing is as it was stored: all that a successor knows is in it."""
        stored = msgspec.json.encode(self.standing)
        self.standing = msgspec.json.decode(stored, type=Standing)

    def _look(self, word: str, *, is_round: bool) -> Look:
        due_ms = self.round * INTERVAL_MS + self.rechecks * RECHECK_MS
        return Look(due_ms, self.round, is_round, self.size, self._finding(word))

    @invariant()
    def at_most_one_incident_is_open(self) -> None:
        open_ = 0
        for _, change in getattr(self, "timeline", ()):
            open_ += {ChangeKind.OPENED: 1, ChangeKind.RESOLVED: -1}.get(change.kind, 0)
            assert open_ in (0, 1)
        if hasattr(self, "standing"):
            assert (self.standing.severity is not None) == bool(open_), "the standing knows of the open incident"

    @invariant()
    def every_change_is_a_change(self) -> None:
        """No two in a row say the same, and flapping is said once of an incident."""
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
        standing: Standing | None = getattr(self, "standing", None)
        if standing is None:
            return
        if standing.verdict is VerdictKind.DOWN:
            assert standing.severity is Severity.DOWN
        if standing.verdict is VerdictKind.PARTIAL:
            assert standing.severity is Severity.PARTIAL
        if standing.severity is not None and standing.verdict in (VerdictKind.UP, VerdictKind.DEGRADED):
            assert standing.flapping, "only flapping holds an incident open while all is well"
        assert standing.severity or not standing.flapping, "what flaps is an incident"

    def teardown(self) -> None:
        """Whatever happened: a recovery that lasts resolves it, and an outage that lasts is confirmed."""
        if not hasattr(self, "standing"):
            return
        for _ in range(20):
            self.round, self.rechecks = self.round + 1, 0
            self._take(self._look("p" * self.size, is_round=True))
        assert self.standing.severity is None
        assert self.standing.at_rest
        self.at_most_one_incident_is_open()
        before = self.standing
        self._take(self._look_next("p"))
        assert self.standing.verdict is before.verdict
        for _ in range(self.policy.consecutive_rounds + self.policy.rechecks_with(self.size)):
            self._take(self._look_next("f"))
        assert self.standing.severity is Severity.DOWN
        self.at_most_one_incident_is_open()
        self.every_change_is_a_change()

    def _look_next(self, letter: str) -> Look:
        self.round, self.rechecks = self.round + 1, 0
        return self._look(letter * self.size, is_round=True)


Incidents.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestIncidents = Incidents.TestCase
