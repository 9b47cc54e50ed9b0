"""A warning that stands needs its transcript only once."""

from __future__ import annotations

from uuid import uuid4

from agent.checks.standing_warnings import StandingWarnings
from shared.wire.failures import CheckWarning, WarningKind

WEAK = CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLSv1")
WEAKER = CheckWarning(kind=WarningKind.TLS_WEAK, detail="RC4")


def test_warnings_are_new_when_they_differ_from_those_of_the_check_before() -> None:
    warned, monitor = StandingWarnings(), uuid4()
    said = [[], [WEAK], [WEAK], [WEAKER], [WEAKER, WEAK], [WEAKER, WEAK], [], [WEAKER]]
    assert [warned.are_new(monitor, warnings) for warnings in said] == [
        *(False, True, False),
        *(True, True, False),
        *(False, True),
    ]


def test_each_monitor_has_its_own() -> None:
    warned, first, second = StandingWarnings(), uuid4(), uuid4()
    assert [warned.are_new(monitor, [WEAK]) for monitor in (first, second, first, second)] == [True, True, False, False]


def test_of_many_monitors_the_one_that_warned_longest_ago_is_forgotten() -> None:
    warned, monitors = StandingWarnings(most=2), [uuid4() for _ in range(3)]
    for monitor in monitors:
        warned.are_new(monitor, [WEAK])
    assert [warned.are_new(monitor, [WEAK]) for monitor in (*monitors[1:], monitors[0])] == [False, False, True]
