"""Trials: one check of settings that no monitor has, from one location of each country. Pure.

What a trial found out is in no history and no event, and is kept for ten minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from controller.model import Location, Principal
from controller.model.discoveries import Discovery
from controller.model.trials import Trial, TrialCheck
from shared.wire.messages import TRIAL
from shared.wire.rounds import phase_hash

KEPT = timedelta(minutes=10)
MOST_A_MINUTE = 10
"""How many trials an organization may begin in a minute: each contacts servers that nobody monitors yet."""

START_WITHIN = timedelta(seconds=60)
_ON_THE_WAY = timedelta(seconds=15)
"""For what comes before and after the dialogue: a result that was delivered twice, or had to wait for the database."""

OUTDATED = "the agents there are of a version that runs no trials; update them"
NO_LOCATION = "no location in this country is enabled"
NO_AGENT = "no agent can run it there now"
_NO_RESULT = "no result came in time"


class TrialStatus(StrEnum):
    """How far the check of a country is: as the status of a result, or why there is none."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    NO_RESULT = "no_result"


def answer_by(due_at: datetime, timeout_seconds: int) -> datetime:
    """When no result can come any more."""
    return due_at + START_WITHIN + timedelta(seconds=timeout_seconds) + _ON_THE_WAY


def runs_trials(location: Location) -> bool:
    """Whether all its agents do; `location.reads` is what they announced."""
    return TRIAL in location.reads


def chosen(trial: UUID, locations: Sequence[Location]) -> Location:
    """The location of a country that runs a trial: they take turns."""
    return locations[place_of(trial, len(locations))]


def place_of(turn: UUID, places: int) -> int:
    """The number of one of so many places, which take turns."""
    return phase_hash(turn) % places


def status_of(check: TrialCheck, trial: Trial, now: datetime) -> tuple[TrialStatus, str | None]:
    """The status and, without a result, the reason."""
    if check.result is not None:
        return TrialStatus(check.result.status), None
    if check.reason is not None:
        return TrialStatus.NO_RESULT, check.reason
    return (TrialStatus.PENDING, None) if now < trial.answer_by else (TrialStatus.NO_RESULT, _NO_RESULT)


def sees(principal: Principal, trial: Trial | Discovery) -> bool:
    """Whether a principal of the trial's organization may read it. A trial belongs to no customer, so somebody who is
    limited to some sees the own ones only.
    """
    own = (principal.token_id, principal.account_id) == (trial.token_id, trial.account_id)
    return principal.customer_ids is None or own
