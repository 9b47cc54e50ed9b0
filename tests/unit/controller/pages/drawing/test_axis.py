"""The time axis: where moments lie, and which are labelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.pages.drawing.axis import extent, position, ticks

SINCE = datetime(2026, 11, 21, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "length",
    [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=366)],
    ids=str,
)
def test_a_handful_of_round_moments_is_labelled(length: timedelta) -> None:
    found = ticks(SINCE, SINCE + length)
    assert 3 <= len(found) <= 8
    assert all(0 <= tick.x <= 100 and tick.at.second == 0 for tick in found)


def test_midnight_is_labelled_by_its_date() -> None:
    assert [tick.clock for tick in ticks(SINCE, SINCE + timedelta(days=1)) if tick.at.hour == 0] == [False]


def test_moments_outside_lie_at_the_ends() -> None:
    until = SINCE + timedelta(hours=10)
    assert position(SINCE - timedelta(days=1), SINCE, until) == 0
    assert position(SINCE + timedelta(hours=5), SINCE, until) == 50
    assert position(until + timedelta(days=1), SINCE, until) == 100


def test_a_short_time_is_wide_enough_to_be_found_and_stays_inside() -> None:
    until = SINCE + timedelta(days=30)
    found = extent(until - timedelta(seconds=1), until, SINCE, until)
    assert found.width == 0.5
    assert found.x + found.width <= 100
