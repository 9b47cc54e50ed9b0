"""What one look at a monitor shows: the votes of several locations and a policy become an outcome with its reason.

Pure, and the same for the same votes in any order. A fault of ours, or a server that dislikes one of our addresses,
never counts as the server's outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.evaluation.policy import Policy
from shared.wire.failures import Failure, FailureKind

REFUSALS = frozenset({FailureKind.POLICY_REFUSAL, FailureKind.TEMPORARY_REFUSAL})
"""From a minority, while others pass, these say something about our probe, not about the service."""


class Ballot(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    BLIND = "blind"  # no result of its own, or one whose fault is ours
    AWAITED = "awaited"  # may still come


class Vote(NamedTuple):
    """What one location says. `failure` with FAILED; `told` is the first warning's words with WARNED."""

    location_id: int
    code: str
    country: str
    ballot: Ballot
    failure: Failure | None = None
    told: str = ""


class Outcome(StrEnum):
    """What a look shows by itself, before any confirmation."""

    FAILING = "failing"  # the quorum fails
    PARTLY_FAILING = "partly_failing"
    PASSING = "passing"
    WARNING = "warning"  # passing, with a warning somewhere
    UNDECIDED = "undecided"  # missing votes could decide either way


class Finding(NamedTuple):
    """An outcome, who passes, fails or is only disliked (location ids), whether a vote is still awaited, and why."""

    outcome: Outcome
    passing: frozenset[int]
    failing: frozenset[int]
    disliked: frozenset[int]
    complete: bool
    reason: str


def look_at(votes: Sequence[Vote], policy: Policy) -> Finding:
    """`votes` has one for every voter of the look; the quorum is counted over all of them, blind or not."""
    votes = sorted(votes, key=lambda vote: (vote.country, vote.code))
    passing = [vote for vote in votes if vote.ballot in (Ballot.PASSED, Ballot.WARNED)]
    refused = [vote for vote in votes if vote.failure and vote.failure.kind in REFUSALS]
    disliked = refused if passing and 2 * len(refused) <= len(votes) else []
    failing = [vote for vote in votes if vote.ballot is Ballot.FAILED and vote not in disliked]
    missing = [vote for vote in votes if vote.ballot in (Ballot.BLIND, Ballot.AWAITED)]
    awaited = [vote for vote in votes if vote.ballot is Ballot.AWAITED]
    needed = policy.needed(len(votes))
    if len(failing) >= needed:
        outcome = Outcome.FAILING
    elif len(failing) + len(missing) >= needed:
        outcome = Outcome.UNDECIDED
    elif failing:
        outcome = Outcome.PARTLY_FAILING
    elif any(vote.ballot is Ballot.WARNED for vote in votes):
        outcome = Outcome.WARNING
    else:
        outcome = Outcome.PASSING
    return Finding(
        outcome,
        frozenset(vote.location_id for vote in passing),
        frozenset(vote.location_id for vote in failing),
        frozenset(vote.location_id for vote in disliked),
        not awaited,
        _reason(failing, passing, disliked, missing, len(votes)),
    )


_CANNOT = {
    "resolve": "cannot resolve the name",
    "connect": "cannot connect",
    "tls": "cannot agree on TLS",
    "greeting": "get no proper greeting",
    "ehlo": "get no proper answer to EHLO",
    "capabilities": "get no capabilities",
    "starttls": "cannot start TLS",
    "auth": "cannot log in",
    "mailbox": "cannot open the mailbox",
    "envelope": "cannot name sender and recipient",
    "quit": "cannot say goodbye",
}


def _reason(
    failing: Sequence[Vote], passing: Sequence[Vote], disliked: Sequence[Vote], missing: Sequence[Vote], voters: int
) -> str:
    """As "2 of 3 countries cannot connect: refused; US passes"."""
    by_country = len({vote.country for vote in [*failing, *passing, *disliked, *missing]}) == voters
    unit = "country" if by_country else "location"
    parts = []
    if failing:
        words = sorted({_words(vote.failure) for vote in failing})
        parts.append(f"{len(failing)} of {_count(voters, unit)} {'; '.join(words)}")
        if passing:
            parts.append(f"{_names(passing, by_country)} {'passes' if len(passing) == 1 else 'pass'}")
    elif passing:
        parts.append(f"{len(passing)} of {_count(voters, unit)} {'passes' if len(passing) == 1 else 'pass'}")
        parts += sorted({vote.told for vote in passing if vote.told})
    if disliked:
        words = sorted({_words(vote.failure) for vote in disliked})
        parts.append(f"{_names(disliked, by_country)} refused by the server ({'; '.join(words)})")
    if missing:
        parts.append(f"{_names(missing, by_country)} cannot see")
    return "; ".join(parts) or "nothing was asked"


def _words(failure: Failure | None) -> str:
    if failure is None:
        return "fail"
    kind = failure.kind.value.replace("_", " ")
    return f"{_CANNOT.get(failure.phase.value, 'fail') if failure.phase else 'fail'}: {kind}"


def _count(number: int, unit: str) -> str:
    if number == 1:
        return f"1 {unit}"
    return f"{number} {'countries' if unit == 'country' else 'locations'}"


def _names(votes: Sequence[Vote], by_country: bool) -> str:
    return ", ".join(vote.country if by_country else vote.code for vote in votes)
