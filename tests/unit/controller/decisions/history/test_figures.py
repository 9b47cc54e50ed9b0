"""The figures of buckets and of spans of time are those of the checks that they are summed up from."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.history.figures import Bucket, Cell, Chart, RawCheck, bucket_of_one, buckets_of, stats_of
from controller.decisions.history.histogram import ACCURACY, bin_of
from controller.decisions.history.uptime import EvaluatedTime
from controller.decisions.history.views import View
from shared.wire.messages import ResultStatus

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSED, FAILED, BLIND = ResultStatus.SUCCESS, ResultStatus.FAILURE, ResultStatus.UNKNOWN

checks = st.lists(
    st.builds(
        RawCheck,
        due_at=st.integers(0, 3).map(lambda hour: START + hour * HOUR),
        location=st.sampled_from(["de", "fr", "us"]),
        status=st.sampled_from([PASSED, FAILED, BLIND]),
        duration_ms=st.floats(0.1, 60_000),
        warned=st.booleans(),
    ),
    max_size=60,
)


def chart_of(some: list[RawCheck]) -> Chart:
    """Cells and histograms as the store reads them, of checks whose due moments are their buckets."""
    cells, histograms = [], {}
    for at, in_bucket in groupby(sorted(some), key=lambda check: check.due_at):
        here = list(in_bucket)
        durations = [check.duration_ms for check in here if check.status is PASSED]
        if durations:
            histograms[at] = dict(Counter(map(bin_of, durations)))
        cells += [cell_of(list(there)) for _, there in groupby(here, key=lambda check: check.location)]
    return Chart(cells, histograms)


def cell_of(some: list[RawCheck]) -> Cell:
    counts = Counter(check.status for check in some)
    durations = [check.duration_ms for check in some if check.status is PASSED]
    return Cell(
        some[0].due_at,
        some[0].location,
        counts[PASSED],
        counts[FAILED],
        counts[BLIND],
        sum(check.warned for check in some),
        sum(durations),
        max(durations, default=None),
    )


@settings(deadline=None)
@given(checks)
def test_a_bucket_has_the_figures_of_its_checks(some: list[RawCheck]) -> None:
    buckets = buckets_of(chart_of(some), 3600)
    assert [bucket.start for bucket in buckets] == sorted({check.due_at for check in some})
    for bucket in buckets:
        here = [check for check in some if check.due_at == bucket.start]
        durations = sorted(check.duration_ms for check in here if check.status is PASSED)
        assert bucket.seconds == 3600
        assert bucket.checks == sum(check.status is not BLIND for check in here)
        assert bucket.failures == sum(check.status is FAILED for check in here)
        assert bucket.blind == sum(check.status is BLIND for check in here)
        assert bucket.warnings == sum(check.warned for check in here)
        assert bucket.max_ms == (durations[-1] if durations else None)
        assert bucket.average_ms == (pytest.approx(sum(durations) / len(durations)) if durations else None)
        assert bucket.locations.keys() == {check.location for check in here}
        assert sum(location.checks for location in bucket.locations.values()) == bucket.checks
        if durations:
            middle = durations[(len(durations) - 1) // 2]
            assert bucket.p50_ms == pytest.approx(middle, rel=2 * ACCURACY)
            assert bucket.p50_ms is not None
            assert bucket.p95_ms is not None
            assert bucket.p50_ms <= bucket.p95_ms <= durations[-1]
        else:
            assert (bucket.p50_ms, bucket.p95_ms) == (None, None)


@settings(deadline=None)
@given(checks)
def test_a_span_has_the_figures_of_its_locations(some: list[RawCheck]) -> None:
    cells = [
        cell_of([check for check in some if check.location == code])
        for code in sorted({check.location for check in some})
    ]
    durations = [check.duration_ms for check in some if check.status is PASSED]
    stats = stats_of(View(START, START + HOUR, 3600), cells, EvaluatedTime(1000, 10))
    assert (stats.since, stats.until, stats.uptime_percent) == (START, START + HOUR, 99.0)
    assert stats.checks == sum(check.status is not BLIND for check in some)
    assert stats.failures == sum(check.status is FAILED for check in some)
    assert stats.blind == sum(check.status is BLIND for check in some)
    assert stats.locations == len(cells)
    assert stats.average_ms == (pytest.approx(sum(durations) / len(durations)) if durations else None)


@pytest.mark.parametrize("status", [PASSED, FAILED, BLIND])
@pytest.mark.parametrize("warned", [True, False])
def test_a_single_check_is_a_bucket_of_its_own(status: ResultStatus, warned: bool) -> None:
    alone = RawCheck(START, "de", status, 12.5, warned)
    single, [among] = bucket_of_one(alone), buckets_of(chart_of([alone]), 0)
    assert single.seconds == 0
    assert figures(single) == figures(among)
    assert single.p50_ms == single.p95_ms == single.average_ms


def figures(bucket: Bucket) -> tuple[object, ...]:
    return (
        bucket.start,
        bucket.checks,
        bucket.failures,
        bucket.blind,
        bucket.warnings,
        bucket.average_ms,
        bucket.max_ms,
        bucket.locations,
    )
