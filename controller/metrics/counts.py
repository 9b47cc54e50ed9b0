"""Counters of one controller, increased as things happen. Sum them over several controllers.

Every label value is from a closed set or is a location's code from the database, so no input from outside can create
time series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPMethod

from prometheus_client import Metric
from prometheus_client.registry import Collector

from controller.decisions.evaluation.state import ChangeKind, Severity, VerdictKind
from controller.decisions.received_results import RejectionReason
from controller.model import GapReason
from controller.model.dependencies import STREAM_OF
from controller.notify.registry import CHANNELS
from controller.trust.location_signatures import Doubt
from shared.counters import OTHER, PHASE_SECONDS, CounterSeries, HistogramSeries, put
from shared.wire.details import DetailFault
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import KINDS

PASSED = "none"
"""The label `failure` of a check that passed."""

_LATE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_API_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SUCCESS = ResultStatus.SUCCESS
_OF_PEOPLE = ("acknowledged", "lapsed", "commented")


class Stage(StrEnum):
    """How far a check has come since it was due."""

    DISPATCHED = "dispatched"
    STARTED = "started"
    STORED = "stored"


SUSPICIOUS = (RejectionReason.NOT_EXPECTED, RejectionReason.ANOTHER_LOCATION, RejectionReason.WRONG_CHECK_ID)
"""Reasons that no agent of ours causes; ops are notified of them."""

UNVOUCHED = tuple(RejectionReason(doubt) for doubt in Doubt)
"""Reasons that concern the signature; ops are notified of them apart from the others."""


class DeliveryOutcome(StrEnum):
    """The outcome of one attempt to notify somebody."""

    SENT = "sent"
    FAILED = "failed"  # temporarily: it will be tried again
    GIVEN_UP = "given_up"
    SKIPPED = "skipped"


class Counts(Collector):
    def __init__(self) -> None:
        self.phases = HistogramSeries(
            "mailprobe_check_phase_seconds",
            "Duration of each phase of the stored checks. Slow at every location: the mail server is slow; at one only:"
            " that location or its network path is.",
            {"kind": KINDS, "location": None, "phase": tuple(Phase)},
            PHASE_SECONDS,
        )
        self.durations = HistogramSeries(
            "mailprobe_check_duration_seconds",
            "Duration of the stored checks, from resolving the name to QUIT.",
            {"kind": KINDS, "location": None},
            PHASE_SECONDS,
        )
        self.results = CounterSeries(
            "mailprobe_check_results_total",
            "Results stored, without duplicates. Status unknown means that the fault was ours, not the mail server's;"
            " failure is the kind of failure, or none if the check passed.",
            {
                "kind": KINDS,
                "location": None,
                "status": tuple(ResultStatus),
                "failure": (*FailureKind, PASSED),
            },
        )
        self.lateness = HistogramSeries(
            "mailprobe_lateness_seconds",
            "Time from the moment a check was due until it was sent to the broker (dispatched), begun by an agent"
            " (started), and its result stored (stored; includes the check itself).",
            {"stage": tuple(Stage), "location": None},
            _LATE_SECONDS,
        )
        self.dispatch_waits = CounterSeries(
            "mailprobe_dispatch_refused_total",
            "Attempts to send a check request that the broker refused or did not answer. If this grows, NATS is down or"
            " full.",
        )
        self.dispatch_lost = CounterSeries(
            "mailprobe_dispatch_lost_total",
            "Check requests that the broker did not accept in time; each becomes a gap.",
        )
        self.writes_failed = CounterSeries(
            "mailprobe_stream_writes_failed_total",
            "Test messages that a stream did not store. If this grows, the disk of NATS or the stream is full.",
            {"stream": tuple(STREAM_OF.values())},
        )
        self.gaps = CounterSeries(
            "mailprobe_gaps_total",
            "Checks without a result. no_agent: no agent at the location; unfit: no agent there can do such a check;"
            " kind_unknown: no agent there knows this kind of check; late: no controller ran in time; broker_refused:"
            " NATS took no request; maintenance: a maintenance window suspended checks; no_result: requested, but no"
            " result came.",
            {"reason": tuple(GapReason)},
        )
        self.maintenance_lateness = HistogramSeries(
            "mailprobe_maintenance_lateness_seconds",
            "Time from the moment at which maintenance windows began or ended until all of their monitors had been"
            " changed. If no controller ran at that moment, it includes that time.",
            {},
            _LATE_SECONDS,
        )
        self.maintenance_expansions = CounterSeries(
            "mailprobe_maintenance_expansions_total",
            "Maintenance windows whose times of the next 40 days were written ahead, or again because the rules of time"
            " zones changed.",
        )
        self.dead_letters = CounterSeries(
            "mailprobe_dead_letters_total",
            "Messages put aside because they can never be stored. The table `dead_letter` holds some of them.",
            {"reason": tuple(RejectionReason)},
        )
        self.details_dropped = CounterSeries(
            "mailprobe_result_details_dropped_total",
            "Details that were left out of results that were stored. unknown_kind: the agent is newer than this"
            " controller; invalid, too_large: the agent is wrong.",
            {"reason": tuple(DetailFault)},
        )
        self.refused_heartbeats = CounterSeries(
            "mailprobe_heartbeats_refused_total",
            "Heartbeats refused because of their signature, by each controller for itself. unsigned: although the"
            " location's agents sign; unknown_key, ended_key, wrong_signature: not signed with a key of the location.",
            {"reason": tuple(Doubt)},
        )
        self.verdicts = CounterSeries(
            "mailprobe_verdict_changes_total",
            "Changes of monitors' verdicts, counted when they are published on the event stream.",
            {"previous": tuple(VerdictKind), "verdict": tuple(VerdictKind)},
        )
        self.incidents = CounterSeries(
            "mailprobe_incident_changes_total",
            "Changes of incidents (opened, escalated, resolved …), by Mailprobe or by people, counted when they are"
            " published on the event stream.",
            {"change": (*ChangeKind, *_OF_PEOPLE), "severity": tuple(Severity)},
        )
        self.deliveries = CounterSeries(
            "mailprobe_deliveries_total",
            "Attempts to notify people. failed: will be tried again; given_up: will not; skipped: no longer needed.",
            {"channel": tuple(CHANNELS), "outcome": tuple(DeliveryOutcome)},
        )
        self.requests = CounterSeries(
            "mailprobe_api_requests_total",
            "HTTP requests answered, by the route's template; other is a path or a method that does not exist.",
            {"route": None, "method": tuple(HTTPMethod), "status": None},
        )
        self.request_seconds = HistogramSeries(
            "mailprobe_api_request_seconds",
            "Time until the first byte of an answer.",
            {"route": None, "method": tuple(HTTPMethod)},
            _API_SECONDS,
        )
        closed = (self.dispatch_waits, self.dispatch_lost, self.gaps, self.dead_letters, self.verdicts, self.incidents)
        self.maintenance_expansions.begin()
        for each in (*closed, self.deliveries, self.writes_failed, self.refused_heartbeats, self.details_dropped):
            each.begin()
        self._series: dict[tuple[str, str], _ResultSeries] = {}

    def stored(self, result: CheckResult, kind: str, late_seconds: float) -> None:
        """Count a stored result of a monitor of this kind, stored `late_seconds` after it was due."""
        series = self._series.get((kind, result.location))
        if series is None:
            known = kind if kind in KINDS else OTHER
            series = self._series.setdefault((known, result.location), _ResultSeries(self, known, result.location))
        series.count(result, late_seconds)

    def gaps_recorded(self, gaps: Mapping[str, int]) -> None:
        """Count gaps, given as numbers by reason."""
        for reason, count in gaps.items():
            self.gaps.add((reason,), count)

    def collect(self) -> Iterator[Metric]:
        for each in vars(self).values():
            if isinstance(each, CounterSeries | HistogramSeries):
                yield from each.collect()


class _ResultSeries:
    """The time series that results of one kind at one location increase, kept at hand: to find each by its labels would
    take half as long again, and a result increases a dozen.
    """

    def __init__(self, counts: Counts, kind: str, location: str) -> None:
        self._results: dict[tuple[ResultStatus, str], list[float]] = {}
        self._phases: dict[Phase, list[float]] = {}
        self._labels = (kind, location)
        self._counts = counts
        self._duration = counts.durations.figures((kind, location))
        self._started = counts.lateness.figures((Stage.STARTED, location))
        self._stored = counts.lateness.figures((Stage.STORED, location))

    def count(self, result: CheckResult, late_seconds: float) -> None:
        failure = result.failure
        found = (_SUCCESS, PASSED) if failure is None else (result.status, failure.kind)
        results = self._results.get(found)
        if results is None:
            results = self._results[found] = self._counts.results.figures((*self._labels, *found))
        results[0] += 1
        known = self._phases
        for timing in result.phases:
            phase = timing.phase
            figures = known.get(phase)
            if figures is None:
                figures = known[phase] = self._counts.phases.figures((*self._labels, phase))
            seconds = timing.duration_ms / 1000
            if seconds > 0:  # `put` inlined: its calls would take a sixth of this method's time
                figures[bisect_left(PHASE_SECONDS, seconds)] += 1
                figures[-1] += seconds
            else:
                figures[0] += 1
        put(self._duration, PHASE_SECONDS, result.duration_ms / 1000)
        put(self._started, _LATE_SECONDS, (result.started_at - result.due_at).total_seconds())
        put(self._stored, _LATE_SECONDS, late_seconds)
