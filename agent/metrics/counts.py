"""What one process of an agent counts as it happens. Every label is of a closed set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from prometheus_client import Metric
from prometheus_client.registry import Collector

from shared.counters import PHASE_SECONDS, Count, Spread, State
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import KINDS

PASSED = "none"
"""The label `failure` of a check that passed."""

_WAIT_SECONDS = (0.005, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

States: TypeAlias = dict[str, State]
"""All tallies of a process by name, as they travel to its parent."""


class Refusal(StrEnum):
    """Why a request was not taken."""

    UNSIGNED = "unsigned"
    FOREIGN = "foreign"  # another location's
    UNREADABLE = "unreadable"
    TOO_FAR_AHEAD = "too_far_ahead"
    REPLAYED = "replayed"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SIGNATURE = "wrong_signature"


class Counts(Collector):
    def __init__(self) -> None:
        self.started = Count(
            "mailprobe_agent_checks_started_total", "Checks whose dialogue was begun.", {"kind": KINDS}
        )
        self.finished = Count(
            "mailprobe_agent_checks_finished_total",
            "Checks that ended in a result. Status unknown means the fault was ours, not the mail server's; failure is"
            " the kind of failure, none for a pass.",
            {"kind": KINDS, "status": tuple(ResultStatus), "failure": (*FailureKind, PASSED)},
        )
        self.phases = Spread(
            "mailprobe_agent_check_phase_seconds",
            "How long each phase of the checks took.",
            {"kind": KINDS, "phase": tuple(Phase)},
            PHASE_SECONDS,
        )
        self.durations = Spread(
            "mailprobe_agent_check_duration_seconds", "How long whole checks took.", {"kind": KINDS}, PHASE_SECONDS
        )
        self.withheld = Count(
            "mailprobe_agent_logins_withheld_total",
            "Checks whose login was not tried, because the same was refused before and may lock the account.",
            {"kind": KINDS},
        )
        self.turns = Spread(
            "mailprobe_agent_turn_wait_seconds",
            "How long checks waited for their turn at an address. Long: many monitors of one server.",
            {},
            _WAIT_SECONDS,
        )
        self.turns_missed = Count(
            "mailprobe_agent_turns_missed_total",
            "Checks not begun because their turn did not come in time; their location is blind for that round."
            " Growing: raise MAILPROBE_PER_ADDRESS_CONCURRENCY or check less often.",
        )
        self.too_late = Count(
            "mailprobe_agent_requests_late_total",
            "Requests that came too late to begin; each becomes a gap. Growing: this agent has too much to do.",
        )
        self.refused = Count(
            "mailprobe_agent_requests_refused_total",
            "Requests that no controller of this installation can have made, or that were answered before; they bring"
            " no result. unknown_key: this agent's enrolment file is older than the controllers' request key.",
            {"reason": tuple(Refusal)},
        )
        self.cpu = Count("process_cpu_seconds_total", "CPU time of all processes of this agent, user and system.")
        for each in (self.started, self.withheld, self.turns_missed, self.too_late, self.refused, self.cpu):
            each.begin()

    def check_finished(self, kind: str, result: CheckResult) -> None:
        failure = result.failure
        self.finished.add((kind, result.status, PASSED if failure is None else failure.kind))
        self.durations.see((kind,), result.duration_ms / 1000)
        see = self.phases.see
        for timing in result.phases:
            see((kind, timing.phase), timing.duration_ms / 1000)
        if result.login_withheld:
            self.withheld.add((kind,))

    def states(self) -> States:
        return {each.name: each.state() for each in self._tallies()}

    def merge(self, states: Mapping[str, State]) -> None:
        """Add what another process has counted; names it does not know are of another version."""
        for each in self._tallies():
            each.merge(states.get(each.name, {}))

    def collect(self) -> Iterator[Metric]:
        for each in self._tallies():
            yield from each.collect()

    def _tallies(self) -> Iterator[Count | Spread]:
        yield from vars(self).values()
