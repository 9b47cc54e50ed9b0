"""The same evidence makes the same history, in whatever order and however often it arrives, and after any crash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.evaluation.evaluate import (
    EvaluationOutcome,
    RecordedChange,
    VerdictChange,
    WaitingEvaluation,
    evaluate,
)
from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.state import MonitorState
from controller.decisions.evaluation.votes import CheckOutcome
from controller.model import Location, Mode, ScheduledMonitor
from shared.epoch import to_datetime
from shared.wire.failures import CheckWarning, Failure, WarningKind
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, next_due_ms
from tests.unit.controller.evaluation.evaluations import COUNTRIES, GREYLISTED, PROBE_BLOCKED, RECHECK_MS, REFUSED

INTERVAL_MS = 60_000
BEGIN_MS = 1_770_000_000_000
NEVER_RIPE_MS = BEGIN_MS + 10**9
MONITOR = ScheduledMonitor(
    id=1,
    public_id=UUID(int=7),
    kind="smtp",
    hostname="mail.example.org",
    port=None,
    config={},
    interval_seconds=60,
    timeout_seconds=10,
    allowed_check_country_codes=None,
    target_changed_at=to_datetime(BEGIN_MS),
    updated_at=to_datetime(BEGIN_MS),
)
LOCATIONS = [
    Location(id=position + 1, code=country.lower(), name=country, country_code=country, enabled=True, public_key="k")
    for position, country in enumerate(COUNTRIES[:3])
]
SLOW = CheckWarning(kind=WarningKind.SLOW, detail="slow")
OUTCOMES: dict[str, tuple[ResultStatus | None, Failure | None, CheckWarning | None]] = {
    "p": (ResultStatus.SUCCESS, None, None),
    "w": (ResultStatus.SUCCESS, None, SLOW),
    "f": (ResultStatus.FAILURE, REFUSED, None),
    "g": (ResultStatus.FAILURE, GREYLISTED, None),
    "d": (ResultStatus.FAILURE, PROBE_BLOCKED, None),
    "b": (None, None, None),  # a gap
}


class Arrival(NamedTuple):
    """What becomes known at one moment: a location's result or gap, for the evaluation due at `due_ms`."""

    due_ms: int
    purpose: Purpose
    outcome: CheckOutcome


def due_moments(count: int) -> list[int]:
    moments = [BEGIN_MS]
    while len(moments) < count:
        moments.append(next_due_ms(MONITOR.public_id, INTERVAL_MS, BEGIN_MS, moments[-1]))
    return moments


def arrivals(script: Sequence[str]) -> list[Arrival]:
    """The arrivals of a script, where every second entry is the recheck of the round before it."""
    found = []
    for number, due_ms in enumerate(due_moments((len(script) + 1) // 2)):
        for position, ballots in enumerate(script[2 * number : 2 * number + 2]):
            purpose = Purpose.RECHECK if position else Purpose.SCHEDULED
            evaluation_due_ms = due_ms + position * RECHECK_MS
            for location, letter in zip(LOCATIONS, ballots, strict=True):
                status, failure, warning = OUTCOMES[letter]
                found.append(
                    Arrival(
                        evaluation_due_ms,
                        purpose,
                        CheckOutcome(location.id, evaluation_due_ms, status, failure, warning, evaluation_due_ms),
                    )
                )
    return found


class Controllers:
    """What controllers share: the outcomes, the pending evaluations, the monitor state, and the recorded changes."""

    def __init__(self, script: Sequence[str], policy: Policy) -> None:
        self.policy = policy
        self.pending = sorted({(one.due_ms, one.purpose) for one in arrivals(script)})
        self.outcomes: dict[tuple[int, Purpose], dict[int, CheckOutcome]] = {
            evaluation: {} for evaluation in self.pending
        }
        self.state = MonitorState()
        self.verdict_changes: list[VerdictChange] = []
        self.changes: list[RecordedChange] = []

    def arrives(self, arrival: Arrival) -> None:
        """Store an outcome, unless there is one of that location already."""
        self.outcomes[arrival.due_ms, arrival.purpose].setdefault(arrival.outcome.location_id, arrival.outcome)

    def evaluate(self, *, crashes: bool = False) -> None:
        """Evaluate what can be evaluated. A controller that crashes has recorded nothing."""
        while self.pending:
            made = self._outcome()
            if crashes or not made.taken:
                return
            self.state = made.state
            self.verdict_changes += made.verdict_changes
            self.changes += made.changes
            self.pending = self.pending[made.taken :]

    def _outcome(self) -> EvaluationOutcome:
        waiting = [
            WaitingEvaluation(due_ms, purpose, NEVER_RIPE_MS, list(self.outcomes[due_ms, purpose].values()), [])
            for due_ms, purpose in self.pending
        ]
        return evaluate(MONITOR, self.policy, LOCATIONS, self.state, waiting, BEGIN_MS)


_BALLOTS = st.one_of(st.sampled_from(["ppp", "ppp", "fff", "fff", "ffp"]), st.text("ppffwgdb", min_size=3, max_size=3))


@given(
    script=st.lists(_BALLOTS, min_size=1, max_size=16),
    policy=st.sampled_from(
        [
            STANDARD,
            PRESETS[Mode.GLOBAL_NOTIFY],
            PRESETS[Mode.GLOBAL_VERIFY],
            PRESETS[Mode.SLA],
            Policy(consecutive_rounds=2, recovery_rounds=2),
        ]
    ),
    data=st.data(),
)
@settings(deadline=None, max_examples=100)
def test_any_order_of_arrival_makes_the_same_history(script: list[str], policy: Policy, data: st.DataObject) -> None:
    in_order, shuffled = Controllers(script, policy), Controllers(script, policy)
    everything = arrivals(script)
    for arrival in everything:
        in_order.arrives(arrival)
        in_order.evaluate()
    copies = data.draw(st.lists(st.sampled_from(everything), max_size=5))
    for arrival in data.draw(st.permutations(everything + copies)):
        shuffled.arrives(arrival)
        match data.draw(st.sampled_from(["evaluate", "later", "die"])):
            case "evaluate":
                shuffled.evaluate()
            case "die":
                shuffled.evaluate(crashes=True)
    shuffled.evaluate()
    assert not shuffled.pending
    assert (shuffled.verdict_changes, shuffled.changes) == (in_order.verdict_changes, in_order.changes)
    assert shuffled.state == in_order.state


def test_an_agents_long_or_unprintable_text_neither_bloats_nor_spoils_what_is_recorded() -> None:
    long_text = "\0" + "x" * 100_000
    failure = msgspec.structs.replace(REFUSED, detail=long_text)
    warning = CheckWarning(kind=WarningKind.SLOW, detail=long_text)
    outcomes = [
        CheckOutcome(1, BEGIN_MS, ResultStatus.FAILURE, failure, None, BEGIN_MS),
        CheckOutcome(2, BEGIN_MS, ResultStatus.SUCCESS, None, warning, BEGIN_MS),
        CheckOutcome(3, BEGIN_MS, ResultStatus.SUCCESS, None, None, BEGIN_MS),
    ]
    evaluation = WaitingEvaluation(BEGIN_MS, Purpose.SCHEDULED, NEVER_RIPE_MS, outcomes, [])
    made = evaluate(MONITOR, STANDARD, LOCATIONS, MonitorState(), [evaluation], BEGIN_MS)
    changes = msgspec.json.encode(made)
    assert len(changes) < 5_000
    assert b"u0000" not in changes
