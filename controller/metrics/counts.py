"""What one controller counts as it happens. Of several controllers the sum is the truth.

Every label is of a closed set, or a location's code as the database has it, so nobody outside can make series.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPMethod

from prometheus_client import Metric
from prometheus_client.registry import Collector

from controller.decisions.evaluation.state import ChangeKind, Severity, VerdictKind
from controller.model import GapReason
from controller.notify.registry import CHANNELS
from shared.counters import OTHER, PHASE_SECONDS, Count, Spread, put
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import KINDS

PASSED = "none"
"""The label `failure` of a check that passed."""

_LATE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_API_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SUCCESS = ResultStatus.SUCCESS
_BY_PEOPLE = ("acknowledged", "commented")


class Stage(StrEnum):
    """How far a check has come since the moment it was due."""

    DISPATCHED = "dispatched"
    STARTED = "started"
    STORED = "stored"


class Parked(StrEnum):
    """Why a message on RESULTS was put aside."""

    TOO_LARGE = "too_large"
    NOT_A_RESULT = "not_a_result"
    ANOTHER_LOCATION = "another_location"
    WRONG_CHECK_ID = "wrong_check_id"
    WRONG_MOMENT = "wrong_moment"
    UNSTORABLE = "unstorable"
    UNKNOWN_ORIGIN = "unknown_origin"
    NOBODY_ASKED = "nobody_asked"


SUSPICIOUS = (Parked.NOBODY_ASKED, Parked.ANOTHER_LOCATION, Parked.WRONG_CHECK_ID)
"""What no agent of ours sends: ops are told of it."""


class Delivered(StrEnum):
    """What became of one attempt to tell somebody."""

    SENT = "sent"
    FAILED = "failed"  # for now: it is tried again
    GIVEN_UP = "given_up"
    SKIPPED = "skipped"


class Counts(Collector):
    def __init__(self) -> None:
        self.phases = Spread(
            "mailprobe_check_phase_seconds",
            "How long each phase of the checks took, as stored. Slow at every location: the mail server;"
            " slow at one: that location or its way there.",
            {"kind": KINDS, "location": None, "phase": tuple(Phase)},
            PHASE_SECONDS,
        )
        self.durations = Spread(
            "mailprobe_check_duration_seconds",
            "How long whole checks took, from resolving the name to QUIT, as stored.",
            {"kind": KINDS, "location": None},
            PHASE_SECONDS,
        )
        self.results = Count(
            "mailprobe_check_results_total",
            "Results stored, a repeat not counted. Status unknown means the fault was ours, not the mail server's;"
            " failure is the kind of failure, none for a pass.",
            {
                "kind": KINDS,
                "location": None,
                "status": tuple(ResultStatus),
                "failure": (*FailureKind, PASSED),
            },
        )
        self.lateness = Spread(
            "mailprobe_lateness_seconds",
            "How long after its due moment a check was given to the broker (dispatched), begun by an agent (started),"
            " and its result stored (stored; the check itself included).",
            {"stage": tuple(Stage), "location": None},
            _LATE_SECONDS,
        )
        self.dispatch_waits = Count(
            "mailprobe_dispatch_refused_total",
            "Requests the broker did not take at once; each was tried again. Growing: NATS is away or full.",
        )
        self.dispatch_lost = Count(
            "mailprobe_dispatch_lost_total",
            "Requests the broker did not take before they could no longer begin; each becomes a gap.",
        )
        self.gaps = Count(
            "mailprobe_gaps_total",
            "Checks that brought no result. no_agent: nobody there; unfit: no agent there can do it;"
            " late: controllers were away; no_result: asked, but nothing came back.",
            {"reason": tuple(GapReason)},
        )
        self.parked = Count(
            "mailprobe_results_parked_total",
            "Messages put aside because they can never be stored; table `parked` has them.",
            {"reason": tuple(Parked)},
        )
        self.verdicts = Count(
            "mailprobe_verdict_changes_total",
            "Changes of monitors' verdicts, counted when told on the event stream.",
            {"previous": tuple(VerdictKind), "verdict": tuple(VerdictKind)},
        )
        self.incidents = Count(
            "mailprobe_incident_changes_total",
            "What happened to incidents (opened, escalated, resolved …), by themselves or by people, counted when told"
            " on the event stream.",
            {"change": (*ChangeKind, *_BY_PEOPLE), "severity": tuple(Severity)},
        )
        self.deliveries = Count(
            "mailprobe_deliveries_total",
            "Attempts to tell people. failed is tried again; given_up will not be; skipped had become needless.",
            {"channel": tuple(CHANNELS), "outcome": tuple(Delivered)},
        )
        self.requests = Count(
            "mailprobe_api_requests_total",
            "HTTP requests answered, by the route's template; other is a path or a method nobody serves.",
            {"route": None, "method": tuple(HTTPMethod), "status": None},
        )
        self.request_seconds = Spread(
            "mailprobe_api_request_seconds",
            "Time until an answer began; of a stream that is its first byte.",
            {"route": None, "method": tuple(HTTPMethod)},
            _API_SECONDS,
        )
        closed = (self.dispatch_waits, self.dispatch_lost, self.gaps, self.parked, self.verdicts, self.incidents)
        for each in (*closed, self.deliveries):
            each.begin()
        self._places: dict[tuple[str, str], _Place] = {}

    def stored(self, result: CheckResult, kind: str, late_seconds: float) -> None:
        """A new result of a monitor of this kind was stored so long after it was due."""
        place = self._places.get((kind, result.location))
        if place is None:
            known = kind if kind in KINDS else OTHER
            place = self._places.setdefault((known, result.location), _Place(self, known, result.location))
        place.count(result, late_seconds)

    def gaps_recorded(self, gaps: Mapping[str, int]) -> None:
        """So many for each reason."""
        for reason, count in gaps.items():
            self.gaps.add((reason,), count)

    def collect(self) -> Iterator[Metric]:
        for each in vars(self).values():
            if isinstance(each, Count | Spread):
                yield from each.collect()


class _Place:
    """What results of one kind at one location count up, at hand: looking each figure up by its labels takes half as
    long again, and a result has a dozen.
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
            if seconds > 0:  # as in put: a call each is a sixth of all this takes
                figures[bisect_left(PHASE_SECONDS, seconds)] += 1
                figures[-1] += seconds
            else:
                figures[0] += 1
        put(self._duration, PHASE_SECONDS, result.duration_ms / 1000)
        put(self._started, _LATE_SECONDS, (result.started_at - result.due_at).total_seconds())
        put(self._stored, _LATE_SECONDS, late_seconds)
