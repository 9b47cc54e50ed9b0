"""Evaluations written as text, one letter for each location's ballot.

p passes, w passes with a warning, f fails, g is greylisted, r is refused for its rate, d blocks the probe for good,
b is blind, a is awaited.
"""

from __future__ import annotations

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, Finding, Vote, count_votes
from controller.decisions.evaluation.regional import LatestRound
from controller.decisions.evaluation.regional_rechecks import follow_up
from controller.decisions.evaluation.state import Evaluation, IncidentChange, MonitorState, take
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

COUNTRIES = ("DE", "US", "FR", "JP", "BR")
INTERVAL_MS = 60_000
RECHECK_MS = 12_000

REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
GREYLISTED = Failure(kind=FailureKind.TEMPORARY_REFUSAL, source=FailureSource.TARGET, phase=Phase.GREETING)
BY_RATE = Failure(
    kind=FailureKind.TEMPORARY_REFUSAL,
    source=FailureSource.TARGET,
    phase=Phase.GREETING,
    detail="421 4.7.0 mail.example.org Error: too many connections from 192.0.2.1",
)
PROBE_BLOCKED = Failure(kind=FailureKind.POLICY_REFUSAL, source=FailureSource.TARGET, phase=Phase.EHLO)

_BALLOTS: dict[str, tuple[Ballot, Failure | None, str]] = {
    "p": (Ballot.PASSED, None, ""),
    "w": (Ballot.WARNED, None, "slow: took 3 s"),
    "f": (Ballot.FAILED, REFUSED, ""),
    "g": (Ballot.FAILED, GREYLISTED, ""),
    "r": (Ballot.FAILED, BY_RATE, ""),
    "d": (Ballot.FAILED, PROBE_BLOCKED, ""),
    "b": (Ballot.BLIND, None, ""),
    "a": (Ballot.AWAITED, None, ""),
}


def votes(ballots: str) -> list[Vote]:
    """The votes of these ballots; location n + 1 is in the nth country."""
    return [
        Vote(position + 1, COUNTRIES[position].lower(), COUNTRIES[position], ballot, failure, warning)
        for position, (ballot, failure, warning) in enumerate(_BALLOTS[letter] for letter in ballots)
    ]


def latest_round(until_ms: int) -> LatestRound:
    """All locations take part in the rounds, which are due at multiples of the interval."""
    return LatestRound(until_ms // INTERVAL_MS * INTERVAL_MS, True)


def finding_of(ballots: str, policy: Policy) -> Finding:
    return count_votes(votes(ballots), policy)


class MonitorUnderTest:
    """A monitor that is evaluated again and again; `changes` are all changes of its incidents so far."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.state = MonitorState()
        self.round = 0
        self.due_ms = 0
        self.recheck = False
        self.changes: list[IncidentChange] = []

    def evaluate_script(self, script: str) -> str:
        """Evaluate rounds, as `fff/fff ppp`, and return the verdicts. Slashes separate a round from its rechecks
        everywhere; those of the failing locations alone are left out.

        Fails if a recheck follows that was not requested, or if a recheck that may confirm an outage does not follow.
        """
        return " ".join("/".join(self._round(steps.split("/"))) for steps in script.split())

    def _round(self, steps: list[str]) -> list[str]:
        verdicts = []
        self.round += 1
        for number, ballots in enumerate(steps):
            suspected = any(not one.withdrawn for one in self.state.rechecks)
            assert number > 0 or not self.recheck, f"a recheck was requested before {steps}"
            assert number == 0 or self.recheck or suspected, f"no recheck was requested, at {ballots} of {steps}"
            self.due_ms = self.round * INTERVAL_MS + number * RECHECK_MS
            verdicts.append(self.evaluate_once(ballots, self.due_ms, is_round=number == 0))
        assert not self.recheck, f"a recheck was requested after {steps}"
        return verdicts

    def evaluate_once(self, ballots: str, due_ms: int, *, is_round: bool = True) -> str:
        finding = finding_of(ballots, self.policy)
        evaluation = Evaluation(due_ms, due_ms // INTERVAL_MS, is_round, len(ballots), finding)
        step = take(self.state, evaluation, self.policy)
        self.state = follow_up(step.state, evaluation, self.policy, due_ms, latest_round)
        self.recheck = step.recheck
        self.changes += step.changes
        return step.state.verdict.value

    @property
    def history(self) -> list[str]:
        """The changes of incidents, as `opened down`."""
        return [f"{change.kind.value} {change.severity.value}" for change in self.changes]
