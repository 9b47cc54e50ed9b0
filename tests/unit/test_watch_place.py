"""Where `watch` goes on after a trouble with the broker, and what it says is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.broker.replay import StreamState
from controller.watch.following import _resume

MADE = datetime(2026, 3, 1, tzinfo=UTC)
AGAIN = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE = StreamState(MADE, 1, 20)


@pytest.mark.parametrize(
    ("before", "now", "place", "behind", "lost"),
    [
        pytest.param(None, StreamState(MADE, 1, 20), 0, 20, None, id="at first: from now on"),
        pytest.param(BEFORE, StreamState(MADE, 1, 20), 15, 15, None, id="where it was"),
        pytest.param(BEFORE, StreamState(MADE, 16, 20), 15, 15, None, id="where it was, though nothing older is left"),
        pytest.param(BEFORE, StreamState(MADE, 21, 20), 20, 20, None, id="where it was, in a stream that ran empty"),
        pytest.param(
            BEFORE,
            StreamState(MADE, 18, 20),
            15,
            17,
            {"reason": "the stream does not reach back so far", "missed": 2},
            id="the oldest there is, when some of its events are gone",
        ),
        pytest.param(
            BEFORE,
            StreamState(AGAIN, 1, 30),
            15,
            0,
            {"reason": "the stream was made anew"},
            id="the beginning of a stream that was made anew",
        ),
        pytest.param(
            BEFORE,
            StreamState(MADE, 1, 10),
            15,
            0,
            {"reason": "the stream was made anew"},
            id="the beginning of an older copy of the stream",
        ),
    ],
)
def test_it_goes_on_behind(
    before: StreamState | None, now: StreamState, place: int, behind: int, lost: dict[str, Any] | None
) -> None:
    with capture_logs() as logs:
        assert _resume(before, now, place) == behind
    told = [line for line in logs if line["event"] == "events_lost"]
    assert told == ([{"event": "events_lost", "log_level": "warning", **lost}] if lost else [])
