"""The counters of one agent process. Every label has a closed set of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from prometheus_client import Metric
from prometheus_client.registry import Collector

from shared.counters import PHASE_SECONDS, CounterSeries, HistogramSeries, State
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import KINDS

PASSED = "none"
"""The label `failure` of a check that passed."""

_WAIT_SECONDS = (0.005, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

States: TypeAlias = dict[str, State]
"""All counters of a process by name, as they are sent to its parent."""


class RefusalReason(StrEnum):
    """Why a request was refused."""

    UNSIGNED = "unsigned"
    FOREIGN = "foreign"  # another location's
    UNREADABLE = "unreadable"
    TOO_FAR_AHEAD = "too_far_ahead"
    REPLAYED = "replayed"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SIGNATURE = "wrong_signature"


class Counts(Collector):
    def __init__(self) -> None:
        self.started = CounterSeries("mailprobe_agent_checks_started_total", "Checks that began.", {"kind": KINDS})
        self.finished = CounterSeries(
            "mailprobe_agent_checks_finished_total",
            "Checks that ended with a result. Status unknown means that the agent or its name servers were at fault,"
            " not the mail server; failure is the kind of failure, none if the check passed.",
            {"kind": KINDS, "status": tuple(ResultStatus), "failure": (*FailureKind, PASSED)},
        )
        self.phases = HistogramSeries(
            "mailprobe_agent_check_phase_seconds",
            "How long each phase of the checks took.",
            {"kind": KINDS, "phase": tuple(Phase)},
            PHASE_SECONDS,
        )
        self.durations = HistogramSeries(
            "mailprobe_agent_check_duration_seconds", "How long whole checks took.", {"kind": KINDS}, PHASE_SECONDS
        )
        self.withheld = CounterSeries(
            "mailprobe_agent_logins_withheld_total",
            "Checks whose login was not tried, because the server refused it before and might lock the account.",
            {"kind": KINDS},
        )
        self.permits = HistogramSeries(
            "mailprobe_agent_permit_wait_seconds",
            "How long checks waited for a permit at an address. Long waits: many monitors check one server.",
            {},
            _WAIT_SECONDS,
        )
        self.permits_missed = CounterSeries(
            "mailprobe_agent_permits_missed_total",
            "Checks that did not begin because they got no permit in time; their location is blind for that round."
            " If it grows: raise MAILPROBE_PER_ADDRESS_CONCURRENCY or check less often.",
        )
        self.too_late = CounterSeries(
            "mailprobe_agent_requests_late_total",
            "Requests that came too late to begin; each becomes a gap. If it grows: this agent has too much to do.",
        )
        self.refused = CounterSeries(
            "mailprobe_agent_requests_refused_total",
            "Requests that no controller of this installation can have sent, or that were answered before; they bring"
            " no result. unknown_key: this agent's enrolment file is older than the controllers' request key.",
            {"reason": tuple(RefusalReason)},
        )
        self.cpu = CounterSeries(
            "process_cpu_seconds_total", "CPU time of all processes of this agent, user and system."
        )
        for each in (self.started, self.withheld, self.permits_missed, self.too_late, self.refused, self.cpu):
            each.begin()

    def check_finished(self, kind: str, result: CheckResult) -> None:
        failure = result.failure
        self.finished.add((kind, result.status, PASSED if failure is None else failure.kind))
        self.durations.observe((kind,), result.duration_ms / 1000)
        observe = self.phases.observe
        for timing in result.phases:
            observe((kind, timing.phase), timing.duration_ms / 1000)
        if result.login_withheld:
            self.withheld.add((kind,))

    def states(self) -> States:
        return {each.name: each.state() for each in self._counters()}

    def merge(self, states: Mapping[str, State]) -> None:
        """Add the counts of another process; unknown names come from another version and are ignored."""
        for each in self._counters():
            each.merge(states.get(each.name, {}))

    def collect(self) -> Iterator[Metric]:
        for each in self._counters():
            yield from each.collect()

    def _counters(self) -> Iterator[CounterSeries | HistogramSeries]:
        yield from vars(self).values()
