from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.decisions.evaluation.blindness import Blind, merged_periods

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def blind(reason: str, begin: float, end: float, checks: int = 1) -> Blind:
    return Blind(reason, NOON + timedelta(minutes=begin), NOON + timedelta(minutes=end), checks)


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [blind("agent", 0, 1), blind("agent", 5, 6)],
            [blind("agent", 5, 6), blind("agent", 0, 1)],
            id="separate periods are listed latest first",
        ),
        pytest.param(
            [blind("agent", 0, 3, 4), blind("agent", 2, 5, 2)], [blind("agent", 0, 5, 6)], id="overlapping: one"
        ),
        pytest.param([blind("agent", 3, 5), blind("agent", 0, 3)], [blind("agent", 0, 5, 2)], id="touching: one"),
        pytest.param(
            [blind("agent", 0, 9, 5), blind("agent", 2, 3)],
            [blind("agent", 0, 9, 6)],
            id="a period within another is joined to it",
        ),
        pytest.param(
            [blind("agent", 0, 5), blind("no_agent", 2, 6), blind("agent", 4, 8)],
            [blind("no_agent", 2, 6), blind("agent", 0, 8, 2)],
            id="periods of other reasons are neither joined nor in the way",
        ),
    ],
)
def test_periods_of_one_reason_are_joined(periods: list[Blind], expected: list[Blind]) -> None:
    assert merged_periods(periods) == expected
