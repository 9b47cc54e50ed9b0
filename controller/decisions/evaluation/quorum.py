"""The outcome of one evaluation: the votes of several locations and a policy become a finding with its reason.

Pure, and the same for the same votes in any order. A fault of ours, or a server that refuses one of our addresses,
never counts as the server's outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.refusals import is_by_rate, is_refusal
from controller.decisions.evaluation.wording import USUAL, VerdictWords
from shared.wire.failures import Failure


class Ballot(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    BLIND = "blind"  # no result, or one that failed through our own fault
    AWAITED = "awaited"  # the result may still arrive


class Vote(NamedTuple):
    """The vote of one location: with FAILED its `failure`, with WARNED the text of its first warning."""

    location_id: int
    code: str
    country: str
    ballot: Ballot
    failure: Failure | None = None
    warning: str = ""


class Outcome(StrEnum):
    """What one evaluation shows by itself, before any confirmation."""

    FAILING = "failing"  # at least the quorum fails
    PARTLY_FAILING = "partly_failing"
    PASSING = "passing"
    WARNING = "warning"  # passing, with a warning somewhere
    UNDECIDED = "undecided"  # missing votes could decide either way


class Finding(NamedTuple):
    """An outcome and its reason, the ids of the locations that pass, fail, or are only blocked by the server, and
    whether it is `complete`: no vote is awaited.
    """

    outcome: Outcome
    passing: frozenset[int]
    failing: frozenset[int]
    probe_blocked: frozenset[int]
    complete: bool
    reason: str


def count_votes(votes: Sequence[Vote], policy: Policy, words: VerdictWords = USUAL) -> Finding:
    """`votes` has one for every voter of the evaluation; the quorum is counted over all of them, blind or not. Where
    the server serves nobody, what those would find that it refuses for their rate is as open as what blind ones would.
    """
    votes = sorted(votes, key=lambda vote: (vote.country, vote.code))
    passing = [vote for vote in votes if vote.ballot in (Ballot.PASSED, Ballot.WARNED)]
    refused = [vote for vote in votes if is_refusal(vote.failure)]
    by_rate = [vote for vote in refused if is_by_rate(vote.failure)]
    probe_blocked = refused if passing and 2 * len(refused) <= len(votes) else by_rate
    failing = [vote for vote in votes if vote.ballot is Ballot.FAILED and vote not in probe_blocked]
    missing = [vote for vote in votes if vote.ballot in (Ballot.BLIND, Ballot.AWAITED)]
    awaited = [vote for vote in votes if vote.ballot is Ballot.AWAITED]
    open_ = len(missing) if passing else len(missing) + len(probe_blocked)
    needed = policy.needed(len(votes))
    if len(failing) >= needed:
        outcome = Outcome.FAILING
    elif len(failing) + open_ >= needed:
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
        frozenset(vote.location_id for vote in probe_blocked),
        not awaited,
        _reason(failing, passing, probe_blocked, missing, len(votes), words),
    )


def count_rechecked(votes: Sequence[Vote], voters: int, words: VerdictWords = USUAL) -> Finding:
    """The finding of a recheck by those of so many voters that failed before. What the others would find is not known,
    so it never counts for the quorum; they passed a moment ago, so a refusal is the probe's problem.
    """
    votes = sorted(votes, key=lambda vote: (vote.country, vote.code))
    passing = [vote for vote in votes if vote.ballot in (Ballot.PASSED, Ballot.WARNED)]
    refused = [vote for vote in votes if is_refusal(vote.failure)]
    by_rate = [vote for vote in refused if is_by_rate(vote.failure)]
    probe_blocked = refused if 2 * len(refused) <= voters else by_rate
    failing = [vote for vote in votes if vote.ballot is Ballot.FAILED and vote not in probe_blocked]
    undecided = not failing and not passing and not probe_blocked
    outcome = Outcome.PARTLY_FAILING if failing else Outcome.UNDECIDED if undecided else Outcome.PASSING
    countries = by_country(votes)
    passed = f"{_names(passing, countries)} {words.passing(len(passing))} again"
    return Finding(
        outcome,
        frozenset(vote.location_id for vote in passing),
        frozenset(vote.location_id for vote in failing),
        frozenset(vote.location_id for vote in probe_blocked),
        all(vote.ballot is not Ballot.AWAITED for vote in votes),
        passed if passing and not failing else _reason(failing, passing, probe_blocked, [], voters, words),
    )


def by_country(votes: Sequence[Vote]) -> bool:
    """Whether each vote is of another country, so that locations can be called by their countries."""
    return len({vote.country for vote in votes}) == len(votes)


def _reason(
    failing: Sequence[Vote],
    passing: Sequence[Vote],
    probe_blocked: Sequence[Vote],
    missing: Sequence[Vote],
    voters: int,
    words: VerdictWords,
) -> str:
    """For example "2 of 3 countries cannot connect: refused; US passes"."""
    countries = by_country([*failing, *passing, *probe_blocked, *missing])
    unit = "country" if countries else "location"
    parts = []
    if failing:
        texts = sorted({words.failed(vote.failure) for vote in failing})
        parts.append(f"{len(failing)} of {_count(voters, unit)} {'; '.join(texts)}")
        if passing:
            parts.append(f"{_names(passing, countries)} {words.passing(len(passing))}")
    elif passing:
        parts.append(f"{len(passing)} of {_count(voters, unit)} {words.passing(len(passing))}")
        parts += sorted({vote.warning for vote in passing if vote.warning})
    if probe_blocked:
        texts = sorted({words.failed(vote.failure) for vote in probe_blocked})
        parts.append(f"{_names(probe_blocked, countries)} refused by the {words.subject} ({'; '.join(texts)})")
    if missing:
        parts.append(f"{_names(missing, countries)} could not check")
    return "; ".join(parts) or "no location took part"


def _count(number: int, unit: str) -> str:
    if number == 1:
        return f"1 {unit}"
    return f"{number} {'countries' if unit == 'country' else 'locations'}"


def _names(votes: Sequence[Vote], countries: bool) -> str:
    return ", ".join(vote.country if countries else vote.code for vote in votes)
