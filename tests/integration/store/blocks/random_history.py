"""Random histories of one monitor, stored as ingest does but with the moments of storing that belong to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from controller.model import Monitor
from controller.store.checks.results import store_results
from shared.wire.failures import CheckWarning, Phase, WarningKind
from shared.wire.messages import CheckResult, PhaseTiming, ResultStatus, Speaker, TranscriptLine
from shared.wire.rounds import Purpose
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import BLIND, DOWN, result

PHASES = (Phase.RESOLVE, Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.TLS, Phase.QUIT)
OUTCOMES: dict[ResultStatus, dict[str, Any]] = {
    ResultStatus.SUCCESS: {},
    ResultStatus.FAILURE: {"failure": DOWN},
    ResultStatus.UNKNOWN: {"failure": BLIND},
}


LASTS = timedelta(hours=46)
"""Nothing is due later than so long after the beginning."""


class Run(NamedTuple):
    """Some checks of one location after each other. Of a few places the outcome is another, or the check is missing.
    With `follows` it goes on where the run before it ended, as when the interval of a monitor was changed.
    """

    location: str
    first_minute: int
    follows: bool
    phase_ms: int
    interval_seconds: int
    checks: int
    warned: bool
    shape: int
    varied: int
    duration_ms: float
    gap_ms: float
    odd: dict[int, ResultStatus | None]
    late: bool
    triggered: list[int]


runs = st.lists(
    st.builds(
        Run,
        location=st.sampled_from(["de", "us"]),
        first_minute=st.integers(0, 30 * 60),
        follows=st.booleans(),
        phase_ms=st.sampled_from([0, 0, 17_250, 29_999]),
        interval_seconds=st.sampled_from([30, 60, 60, 60, 90, 300]),
        checks=st.integers(1, 150),
        warned=st.booleans(),
        shape=st.integers(0, 2),
        varied=st.sampled_from([0, 1, 11]),
        duration_ms=st.just(0.0) | st.floats(0.125, 30_000, width=16),
        gap_ms=st.sampled_from([0.0, 0.02, 7.0]),
        odd=st.dictionaries(st.integers(0, 149), st.sampled_from([*ResultStatus, None]), max_size=8),
        late=st.booleans(),
        triggered=st.lists(st.integers(0, 149), max_size=2),
    ),
    min_size=1,
    max_size=6,
)


def results_of(monitor: Monitor, midnight: datetime, found: list[Run]) -> list[CheckResult]:
    """Of a moment that two runs have, the result of the first."""
    results: dict[tuple[datetime, str, Purpose], CheckResult] = {}
    for run in in_their_order(found):
        begin = midnight + timedelta(minutes=run.first_minute, milliseconds=run.phase_ms)
        for n in range(run.checks):
            due = begin + timedelta(seconds=n * run.interval_seconds)
            for purpose in (Purpose.SCHEDULED, *([Purpose.TRIGGERED] if n in run.triggered else [])):
                status = run.odd.get(n, ResultStatus.SUCCESS)
                if status is not None and due < midnight + LASTS:
                    results.setdefault((due, run.location, purpose), _result(monitor, due, run, n, purpose, status))
    return list(results.values())


def in_their_order(found: list[Run]) -> list[Run]:
    """The runs with those that follow another moved to its end and its location."""
    placed: list[Run] = []
    for run in found:
        if run.follows and placed:
            before = placed[-1]
            ended = before.first_minute + -(-before.checks * before.interval_seconds // 60)
            placed.append(run._replace(location=before.location, first_minute=ended))
        else:
            placed.append(run)
    return placed


def _result(monitor: Monitor, due: datetime, run: Run, n: int, purpose: Purpose, status: ResultStatus) -> CheckResult:
    base = run.duration_ms * (1 + n % 7 / 10)
    phases, at = [], run.gap_ms
    for place, phase in enumerate(PHASES[: 4 + run.shape]):
        length = base / 10 + place / 8
        phases.append(PhaseTiming(phase=phase, start_ms=at, duration_ms=length))
        at += length + run.gap_ms * (1 + n % 3)
    warnings = [CheckWarning(kind=WarningKind.SLOW, detail="slow")] if run.warned else []
    return result(
        monitor.public_id,
        due,
        run.location,
        purpose=purpose,
        duration_ms=base,
        phases=phases,
        warnings=warnings,
        address="192.0.2.1" if n % (9 - run.shape) else "2001:db8::1",
        facts={"banner": f"ready {run.varied and n // run.varied}", "shape": run.shape, "messages": n // 40},
        loop_lag_ms=n % 4 / 16,
        kernel_rtt_ms=None if n % 2 else 12.5,
        transcript=[TranscriptLine(at_ms=1.0, speaker=Speaker.SERVER, text="220 ready")] if warnings else [],
        **OUTCOMES[status],
    )


async def put(store: Store, results: list[CheckResult], *, delay_seconds: float = 1.0) -> None:
    """Store them as if each had arrived so long after its due moment."""
    for start in range(0, len(results), 500):
        await store_results(store.database, results[start : start + 500])
    await store.value(
        "UPDATE result SET stored_at = due_at + duration_ms * interval '1 millisecond' + make_interval(secs => $1)"
        " WHERE stored_at > now() - interval '1 hour'",
        delay_seconds,
    )
