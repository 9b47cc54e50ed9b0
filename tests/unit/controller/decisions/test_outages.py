from __future__ import annotations

import pytest

from controller.decisions.history.outages import SeverityChange, down_times
from controller.decisions.history.uptime import Span

BEGAN = 100


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([], [], id="no change that matters"),
        pytest.param([("opened", "partial", 110), ("resolved", "partial", 200)], [], id="a regional outage"),
        pytest.param(
            [("opened", "down", 110), ("resolved", "down", 200)], [Span(BEGAN, 200)], id="from the first failing round"
        ),
        pytest.param([("opened", "down", 110)], [Span(BEGAN, 500)], id="an open one ends at the end of the time"),
        pytest.param([("opened", "down", 600)], [Span(BEGAN, 500)], id="one that is confirmed after the time"),
        pytest.param(
            [("opened", "partial", 110), ("escalated", "down", 600)],
            [Span(600, 600)],
            id="what became worse after the time was not down before",
        ),
        pytest.param(
            [
                ("opened", "partial", 110),
                ("escalated", "down", 150),
                ("eased", "partial", 170),
                ("escalated", "down", 180),
            ],
            [Span(150, 170), Span(180, 500)],
            id="only while it was down",
        ),
        pytest.param(
            [("opened", "down", 10), ("eased", "partial", 50), ("escalated", "down", 60), ("resolved", "down", 70)],
            [Span(60, 70)],
            id="what ended before the time is left out",
        ),
    ],
)
def test_times_of_severity_down(changes: list[tuple[str, str, int]], expected: list[Span]) -> None:
    assert down_times([SeverityChange(*change) for change in changes], BEGAN, 55, 500) == expected
