"""Which checks a maintenance window suspends: what counts is the moment at which they are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.schedule.rounds import Recheck, due_after_ms, is_overtaken, plan_round
from controller.decisions.schedule.suspension import Suspension, is_suspended, stretches
from controller.model import GapReason
from shared.wire.rounds import Purpose
from tests.unit.controller.decisions.schedule.test_schedule import BERLIN, DENVER, NOON, a_monitor, ready

moments = st.integers(0, 100)
suspensions = st.lists(
    st.builds(Suspension, moments, st.none() | moments).filter(
        lambda one: one.to_ms is None or one.from_ms < one.to_ms
    ),
    max_size=4,
)


@given(suspensions, moments, moments)
def test_the_stretches_of_a_time_are_all_of_it_and_say_of_each_moment_whether_checks_are_suspended(
    held: list[Suspension], one: int, other: int
) -> None:
    first, last = sorted((one, other))
    found = [
        (moment, stretch.suspended)
        for stretch in stretches(held, first, last)
        for moment in range(stretch.first_ms, stretch.last_ms + 1)
    ]
    assert found == [(moment, is_suspended(held, moment)) for moment in range(first, last + 1)]


@pytest.mark.parametrize(
    ("due_ms", "suspended"),
    [
        pytest.param(999, False, id="the moment before it begins"),
        pytest.param(1000, True, id="its first moment"),
        pytest.param(1999, True, id="its last moment"),
        pytest.param(2000, False, id="its end"),
    ],
)
def test_a_window_holds_from_its_beginning_until_its_end(due_ms: int, suspended: bool) -> None:
    assert is_suspended([Suspension(1000, 2000)], due_ms) is suspended


@pytest.mark.parametrize("purpose", [Purpose.SCHEDULED, Purpose.RECHECK])
def test_a_suspended_round_requests_nothing_and_says_why(purpose: Purpose) -> None:
    """Also where no agent is ready, and when it is planned so late that it could not begin any more."""
    planned = plan_round(
        a_monitor(), NOON, [BERLIN, DENVER], ready(BERLIN), NOON + 100_000, purpose=purpose, suspended=True
    )
    assert planned.checks == []
    assert [(miss.location_id, miss.reason, miss.purpose) for miss in planned.missed] == [
        (here.id, GapReason.MAINTENANCE, purpose) for here in (BERLIN, DENVER)
    ]


def test_a_recheck_is_overtaken_only_by_a_round_that_has_checks() -> None:
    """One at the end of a window is needed, although rounds were due since the one that it follows."""
    monitor = a_monitor()
    next_ms = due_after_ms(monitor, NOON)
    recheck = Recheck(1, monitor.id, NOON, next_ms + 100, None)
    assert is_overtaken(recheck, monitor)
    assert not is_overtaken(recheck, monitor, [Suspension(NOON, next_ms + 50)])
    assert not is_overtaken(recheck, monitor, [Suspension(NOON, None)])
    later = Recheck(1, monitor.id, NOON, due_after_ms(monitor, next_ms), None)
    assert is_overtaken(later, monitor, [Suspension(NOON, next_ms + 50)])


def test_years_of_suspension_are_passed_over_at_once() -> None:
    decade = int(datetime(2036, 1, 1, tzinfo=UTC).timestamp() * 1000)
    recheck = Recheck(1, 1, NOON, decade, None)
    assert not is_overtaken(recheck, a_monitor(), [Suspension(NOON, decade + 1)])
