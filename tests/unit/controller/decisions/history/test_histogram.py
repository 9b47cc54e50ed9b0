"""Percentiles from binned durations are as near as promised."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.history.histogram import ACCURACY, bin_of, percentile

DURATIONS = st.lists(st.floats(min_value=0.01, max_value=400_000), min_size=1, max_size=200)


@settings(deadline=None)
@given(DURATIONS, st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_percentile_is_within_its_accuracy_of_a_measured_one(durations: list[float], share: float) -> None:
    found = percentile(Counter(map(bin_of, durations)), share)
    ordered = sorted(durations)
    exact = ordered[max(1, -(-len(ordered) * round(share * 100) // 100)) - 1]
    assert found == pytest.approx(exact, rel=ACCURACY * 1.001)


def test_nothing_counted_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_what_takes_no_time_is_counted_too() -> None:
    assert percentile({bin_of(0.0): 1, bin_of(-1.0): 1}, 0.5) == pytest.approx(0.01, rel=ACCURACY)
