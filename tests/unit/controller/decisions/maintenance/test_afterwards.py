"""When people are notified of what a maintenance kept quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.decisions.maintenance.afterwards import PATIENCE, afterwards, lasts, next_check_ms
from controller.decisions.maintenance.afterwards import AfterwardsStep as Step
from controller.model.maintenance import Effect, WindowTime
from shared.epoch import to_ms

BEGIN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
MINUTE, TICK = timedelta(minutes=1), timedelta(milliseconds=1)
END = BEGIN + 120 * MINUTE
WINDOW = WindowTime(1, BEGIN, END, Effect.SILENCE)
SUSPENDED = WindowTime(2, BEGIN + 30 * MINUTE, END, Effect.SUSPEND)
FOLLOWING = WindowTime(3, END, END + 60 * MINUTE, Effect.SILENCE)
LATER = WindowTime(4, END + 10 * MINUTE, END + 60 * MINUTE, Effect.SILENCE)


def down(at: datetime) -> MonitorState:
    return MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, failing_evaluations=2, taken_ms=to_ms(at))


@pytest.mark.parametrize(
    ("times", "confirmed", "evaluated", "now", "step"),
    [
        pytest.param([WINDOW], BEGIN, END, END + MINUTE, Step.NOTIFY, id="a check due at the end shows it"),
        pytest.param([WINDOW], BEGIN, END - TICK, END + MINUTE, Step.CHECK, id="the latest check was due inside"),
        pytest.param([WINDOW], BEGIN, END - TICK, END - TICK, Step.NOTHING, id="it is not over"),
        pytest.param([WINDOW], BEGIN - TICK, END, END + MINUTE, Step.NOTHING, id="it began before"),
        pytest.param([WINDOW], END, END, END + MINUTE, Step.NOTHING, id="it began at the end"),
        pytest.param([WINDOW, SUSPENDED], BEGIN, END, END + MINUTE, Step.NOTIFY, id="silent, then suspended"),
        pytest.param([WINDOW, FOLLOWING], BEGIN, END, END + MINUTE, Step.NOTHING, id="another one follows at once"),
        pytest.param(
            [WINDOW, LATER],
            BEGIN,
            END + 11 * MINUTE,
            END + 61 * MINUTE,
            Step.CHECK,
            id="evidence of the second one",
        ),
        pytest.param(
            [WINDOW, LATER],
            BEGIN,
            END + 9 * MINUTE,
            END + 61 * MINUTE,
            Step.NOTIFY,
            id="evidence between two",
        ),
        pytest.param(
            [WINDOW],
            BEGIN,
            BEGIN,
            END + PATIENCE - TICK,
            Step.CHECK,
            id="no check shows anything for a while",
        ),
        pytest.param(
            [WINDOW],
            BEGIN,
            BEGIN,
            END + PATIENCE,
            Step.NOTIFY_UNCONFIRMED,
            id="no check shows anything for long",
        ),
        pytest.param(
            [WindowTime(1, BEGIN, None, Effect.SILENCE)],
            BEGIN,
            END,
            END + MINUTE,
            Step.NOTHING,
            id="without an end",
        ),
    ],
)
def test_what_is_done(
    times: list[WindowTime], confirmed: datetime, evaluated: datetime, now: datetime, step: Step
) -> None:
    assert afterwards(times, [confirmed], down(evaluated), now).step is step


def test_the_notice_has_the_time_from_the_first_beginning_to_the_last_end() -> None:
    found = afterwards([WINDOW, LATER], [BEGIN], down(END + 61 * MINUTE), END + 62 * MINUTE)
    assert found == (Step.NOTIFY, BEGIN, END + 60 * MINUTE)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(down(END), True, id="it fails"),
        pytest.param(MonitorState(verdict=VerdictKind.UP), False, id="it passes"),
        pytest.param(
            MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, good_evaluations=1), False, id="first pass"
        ),
        pytest.param(MonitorState(verdict=VerdictKind.UNKNOWN, severity=Severity.DOWN), False, id="nobody knows"),
        pytest.param(
            MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, partly_evaluations=1), False, id="it eases"
        ),
        pytest.param(MonitorState(verdict=VerdictKind.PARTIAL, severity=Severity.PARTIAL), True, id="regional"),
    ],
)
def test_an_outage_lasts_as_long_as_nothing_of_its_end_is_seen(state: MonitorState, *, expected: bool) -> None:
    assert lasts(state) is expected


def test_checks_are_planned_for_the_same_moments_whoever_asks() -> None:
    end = to_ms(END)
    assert next_check_ms(END, END + TICK) == next_check_ms(END, END + 9_999 * TICK) == end + 10_000
    assert next_check_ms(END, END + 3 * MINUTE) == end + 240_000
