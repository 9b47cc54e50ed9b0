"""A warning that stands needs its transcript only now and then."""

from __future__ import annotations

import gc
from uuid import uuid4

from agent.checks.standing_warnings import StandingWarnings
from shared.wire.failures import CheckWarning, WarningKind

WEAK = CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLSv1")
WEAKER = CheckWarning(kind=WarningKind.TLS_WEAK, detail="RC4")


def test_warnings_need_transcript_when_they_differ_from_those_of_the_check_before() -> None:
    warned, monitor = StandingWarnings(), uuid4()
    said = [[], [WEAK], [WEAK], [WEAKER], [WEAKER, WEAK], [WEAKER, WEAK], [], [WEAKER]]
    assert [warned.need_transcript(monitor, warnings) for warnings in said] == [
        *(False, True, False),
        *(True, True, False),
        *(False, True),
    ]


def test_each_monitor_has_its_own() -> None:
    warned, first, second = StandingWarnings(), uuid4(), uuid4()
    assert [warned.need_transcript(monitor, [WEAK]) for monitor in (first, second, first, second)] == [
        True,
        True,
        False,
        False,
    ]


def test_of_many_monitors_the_one_that_warned_longest_ago_is_forgotten() -> None:
    warned, monitors = StandingWarnings(most=2), [uuid4() for _ in range(3)]
    for monitor in monitors:
        warned.need_transcript(monitor, [WEAK])
    assert [warned.need_transcript(monitor, [WEAK]) for monitor in (*monitors[1:], monitors[0])] == [False, False, True]


def test_a_warning_that_stands_is_shown_again_an_hour_after_it_was_shown() -> None:
    times = iter((0.0, 1800.0, 3599.0, 3600.0, 3601.0, 7200.0))
    warned, monitor = StandingWarnings(clock=lambda: next(times)), uuid4()
    shown = [warned.need_transcript(monitor, [WEAK]) for _ in range(6)]
    assert shown == [True, False, False, True, False, True]


def test_no_text_of_a_warning_is_kept() -> None:
    warned = StandingWarnings()
    warned.need_transcript(uuid4(), [CheckWarning(kind=WarningKind.TLS_WEAK, detail="only in this test")])
    assert not any(isinstance(each, CheckWarning) and each.detail == "only in this test" for each in gc.get_objects())
