"""An imagined outage, as a policy would take it: just enough locations fail, until an incident has opened. Pure.

The evaluator itself says when rechecks are made and when the incident opens and closes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.votes import CheckOutcome, voters
from controller.decisions.monitors.inherited import policy_fields
from controller.decisions.replay.recorded import Answers, Recording
from controller.decisions.replay.replay import PolicyReplay
from controller.decisions.schedule.rotation import locations_of_round
from controller.model import Location, ScheduledMonitor
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, next_due_ms

_BEGIN_MS = to_ms(datetime(2026, 1, 1, tzinfo=UTC))
_LONG_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
_ANSWER_MS = 200
_REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
_SPARE_ROUNDS = 3


class PolicyScope(msgspec.Struct, frozen=True, kw_only=True):
    """For what a policy is imagined: how often is checked, from which locations, and how many take part in a round
    (None: all).
    """

    interval_seconds: int
    locations: Sequence[Location]
    per_round: int | None = None


class ImaginedEvaluation(NamedTuple):
    """A round or recheck so many seconds after the first failure, and what its locations find: whether each fails."""

    seconds: float
    purpose: Purpose
    fails: Sequence[bool]


class ImaginedOutage(msgspec.Struct, frozen=True, kw_only=True):
    """`opened` and `closed` are the places in `evaluations` of those that open and close the incident; None when the
    policy does not come to it.
    """

    evaluations: list[ImaginedEvaluation]
    opened: int | None
    closed: int | None


class _Imagined(Recording):
    """Rounds of which the failing locations are known at every moment."""

    def __init__(self, monitor: ScheduledMonitor, locations: Sequence[Location], failing: frozenset[int]) -> None:
        super().__init__(monitor, locations, ())
        self._imagined = monitor
        self._places = locations
        self._failing_ids = failing
        self.ends_ms = _BEGIN_MS + 10**12
        self.evaluations: dict[int, ImaginedEvaluation] = {}

    def round_after(self, after_ms: int) -> int | None:
        interval_ms = self._imagined.interval_seconds * 1000
        return next_due_ms(self._imagined.public_id, interval_ms, to_ms(_LONG_BEFORE), max(after_ms, _BEGIN_MS))

    def suspect_round_after(self, after_ms: int) -> int | None:
        return self.round_after(after_ms) if after_ms < self.ends_ms else None

    def answers(self, due_ms: int, purpose: Purpose, voting: Sequence[Location]) -> Answers:
        if purpose is Purpose.SCHEDULED:
            taking_part = locations_of_round(self._imagined, self._places, due_ms)
            voting = [here for here in voting if here in taking_part]
        fails = [here.id in self._failing_ids and due_ms < self.ends_ms for here in voting]
        self.evaluations[due_ms] = ImaginedEvaluation(due_ms / 1000, purpose, fails)
        outcomes = [
            CheckOutcome(here.id, due_ms, *_found(failed=failed), None, due_ms + _ANSWER_MS)
            for here, failed in zip(voting, fails, strict=True)
        ]
        return Answers(outcomes, [], due_ms, due_ms + _ANSWER_MS, complete=bool(voting), fails=any(fails))


def _found(*, failed: bool) -> tuple[ResultStatus, Failure | None]:
    return (ResultStatus.FAILURE, _REFUSED) if failed else (ResultStatus.SUCCESS, None)


def imagined_outage(policy: Policy, scope: PolicyScope) -> ImaginedOutage:
    """The outage under this policy."""
    monitor = _monitor(policy, scope)
    failing = _failing(monitor, policy, scope.locations)
    first = _Imagined(monitor, scope.locations, failing)
    replay = PolicyReplay(monitor, policy, scope.locations, first)
    interval_ms = scope.interval_seconds * 1000
    turns = len(scope.locations) if policy.order == "sequential" else 1
    until_ms = _BEGIN_MS + (policy.consecutive_rounds + 8) * turns * max(interval_ms, 10_000)
    while not replay.incidents and replay.step(until_ms):
        pass
    if not replay.incidents:
        return ImaginedOutage(evaluations=_shifted(first, until_ms), opened=None, closed=None)
    opened_ms = replay.incidents[0].opened_ms
    first.ends_ms = (first.round_after(opened_ms) or opened_ms) + 1
    replay.run(first.ends_ms + (policy.recovery_rounds + _SPARE_ROUNDS) * interval_ms)
    resolved_ms = replay.incidents[0].resolved_ms
    last_ms = resolved_ms if resolved_ms is not None else first.ends_ms
    evaluations = _shifted(first, last_ms)
    start = min(first.evaluations) / 1000
    return ImaginedOutage(
        evaluations=evaluations,
        opened=_place(evaluations, opened_ms / 1000 - start),
        closed=None if resolved_ms is None else _place(evaluations, resolved_ms / 1000 - start),
    )


def _monitor(policy: Policy, scope: PolicyScope) -> ScheduledMonitor:
    return ScheduledMonitor(
        id=1,
        public_id=UUID(int=1),
        kind="",
        hostname="mail.example.org",
        port=None,
        config={},
        interval_seconds=scope.interval_seconds,
        timeout_seconds=min(30, scope.interval_seconds),
        allowed_check_country_codes=None,
        target_changed_at=_LONG_BEFORE,
        updated_at=_LONG_BEFORE,
        rotate_locations=scope.per_round is not None,
        locations_per_round=scope.per_round or 1,
        **policy_fields(policy),
    )


def _failing(monitor: ScheduledMonitor, policy: Policy, locations: Sequence[Location]) -> frozenset[int]:
    """As few locations as the policy needs; all of them where not all vote in a round, so that each round fails."""
    voting = voters(monitor, policy, locations, _BEGIN_MS, Purpose.SCHEDULED)
    if len(voting) < len(locations):
        return frozenset(here.id for here in locations)
    return frozenset(here.id for here in voting[: policy.needed(len(voting))])


def _shifted(imagined: _Imagined, until_ms: int) -> list[ImaginedEvaluation]:
    """Those until then, in seconds after the first."""
    found = [imagined.evaluations[due_ms] for due_ms in sorted(imagined.evaluations) if due_ms <= until_ms]
    return [one._replace(seconds=round(one.seconds - found[0].seconds, 1)) for one in found]


def _place(evaluations: Sequence[ImaginedEvaluation], seconds: float) -> int:
    """The evaluation that was made then: the last one that was due."""
    return max(_before(evaluations, seconds))


def _before(evaluations: Sequence[ImaginedEvaluation], seconds: float) -> Iterator[int]:
    return (place for place, one in enumerate(evaluations) if one.seconds <= seconds)
