"""Where `watch` continues after a broker error, and which events it reports as lost."""

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
    ("before", "now", "position", "behind", "lost"),
    [
        pytest.param(None, StreamState(MADE, 1, 20), 0, 20, None, id="at first it begins with the next event"),
        pytest.param(BEFORE, StreamState(MADE, 1, 20), 15, 15, None, id="it continues where it was"),
        pytest.param(
            BEFORE,
            StreamState(MADE, 16, 20),
            15,
            15,
            None,
            id="it continues where it was, even if nothing older is left",
        ),
        pytest.param(
            BEFORE, StreamState(MADE, 21, 20), 20, 20, None, id="it continues where it was in a stream that ran empty"
        ),
        pytest.param(
            BEFORE,
            StreamState(MADE, 18, 20),
            15,
            17,
            {"reason": "the stream no longer has these events", "missed": 2},
            id="it continues with the oldest event when some are gone",
        ),
        pytest.param(
            BEFORE,
            StreamState(AGAIN, 1, 30),
            15,
            0,
            {"reason": "the stream was recreated"},
            id="it begins a stream that was created anew",
        ),
        pytest.param(
            BEFORE,
            StreamState(MADE, 1, 10),
            15,
            0,
            {"reason": "the stream was recreated"},
            id="it begins an older copy of the stream",
        ),
    ],
)
def test_it_goes_on_behind(
    before: StreamState | None, now: StreamState, position: int, behind: int, lost: dict[str, Any] | None
) -> None:
    with capture_logs() as logs:
        assert _resume(before, now, position) == behind
    lost_logs = [line for line in logs if line["event"] == "events_lost"]
    assert lost_logs == ([{"event": "events_lost", "log_level": "warning", **lost}] if lost else [])
