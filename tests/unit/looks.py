"""Looks written down as a word, a letter for each location: p passes, w warns, f fails, g is greylisted, d is disliked
for good, b is blind, a is awaited.
"""

from __future__ import annotations

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, Finding, Vote, look_at
from controller.decisions.evaluation.state import Change, Look, Standing, take
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

COUNTRIES = ("DE", "US", "FR", "JP", "BR")
INTERVAL_MS = 60_000
RECHECK_MS = 12_000

REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
GREYLISTED = Failure(kind=FailureKind.TEMPORARY_REFUSAL, source=FailureSource.TARGET, phase=Phase.GREETING)
DISLIKED = Failure(kind=FailureKind.POLICY_REFUSAL, source=FailureSource.TARGET, phase=Phase.EHLO)

_BALLOTS: dict[str, tuple[Ballot, Failure | None, str]] = {
    "p": (Ballot.PASSED, None, ""),
    "w": (Ballot.WARNED, None, "slow: took 3 s"),
    "f": (Ballot.FAILED, REFUSED, ""),
    "g": (Ballot.FAILED, GREYLISTED, ""),
    "d": (Ballot.FAILED, DISLIKED, ""),
    "b": (Ballot.BLIND, None, ""),
    "a": (Ballot.AWAITED, None, ""),
}


def votes(word: str) -> list[Vote]:
    """Location n + 1 is in the nth country."""
    return [
        Vote(place + 1, COUNTRIES[place].lower(), COUNTRIES[place], ballot, failure, told)
        for place, (ballot, failure, told) in enumerate(_BALLOTS[letter] for letter in word)
    ]


def found(word: str, policy: Policy) -> Finding:
    return look_at(votes(word), policy)


class Watched:
    """A monitor whose looks are taken one after the other; `changes` are all of its incidents so far."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.standing = Standing()
        self.round = 0
        self.due_ms = 0
        self.recheck = False
        self.changes: list[Change] = []

    def sees(self, script: str) -> str:
        """Take looks, as `fff/fff ppp`: rounds apart by spaces, each followed by its rechecks. The verdict of each.

        Fails where a recheck follows that was not asked for, or one that was asked for does not follow.
        """
        return " ".join("/".join(self._round(words.split("/"))) for words in script.split())

    def _round(self, words: list[str]) -> list[str]:
        verdicts = []
        self.round += 1
        for number, word in enumerate(words):
            assert self.recheck == (number > 0), f"recheck asked: {self.recheck}, at {word} of {words}"
            self.due_ms = self.round * INTERVAL_MS + number * RECHECK_MS
            verdicts.append(self.look(word, self.due_ms, is_round=number == 0))
        assert not self.recheck, f"a recheck was asked for after {words}"
        return verdicts

    def look(self, word: str, due_ms: int, *, is_round: bool = True) -> str:
        finding = found(word, self.policy)
        step = take(self.standing, Look(due_ms, due_ms // INTERVAL_MS, is_round, len(word), finding), self.policy)
        self.standing = step.standing
        self.recheck = step.recheck
        self.changes += step.changes
        return step.standing.verdict.value

    @property
    def history(self) -> list[str]:
        """As `opened down`."""
        return [f"{change.kind.value} {change.severity.value}" for change in self.changes]
