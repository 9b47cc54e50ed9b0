"""How many checks run at once, when the loop is late and when it is not."""

from __future__ import annotations

import pytest

from agent.intake.pace import LAG_LIMIT_MS, next_capacity

LATE, IN_TIME = LAG_LIMIT_MS + 0.1, LAG_LIMIT_MS


@pytest.mark.parametrize(
    ("capacity", "in_hand", "lag_ms", "expected"),
    [
        pytest.param(500, 500, IN_TIME, 500, id="a full agent in time keeps its capacity"),
        pytest.param(500, 500, LATE, 375, id="a late agent runs a quarter fewer"),
        pytest.param(500, 200, LATE, 150, id="a late agent runs a quarter fewer than are running"),
        pytest.param(500, 0, LATE, 50, id="a late agent without checks keeps a tenth"),
        pytest.param(60, 60, LATE, 50, id="an agent that is late for long keeps a tenth"),
        pytest.param(375, 375, IN_TIME, 400, id="an agent in time again recovers by a twentieth"),
        pytest.param(490, 100, IN_TIME, 500, id="an agent in time again never exceeds the setting"),
    ],
)
def test_capacity_follows_the_lateness_of_the_loop(capacity: int, in_hand: int, lag_ms: float, expected: int) -> None:
    assert next_capacity(500, capacity, in_hand, lag_ms) == expected


@pytest.mark.parametrize("full", [1, 2, 9])
def test_a_small_agent_never_shrinks_to_nothing_and_recovers(full: int) -> None:
    capacity = full
    for _ in range(100):
        capacity = next_capacity(full, capacity, capacity, LATE)
    assert capacity == 1
    for _ in range(100):
        capacity = next_capacity(full, capacity, capacity, IN_TIME)
    assert capacity == full
