"""A shorter time to keep history holds a day after it was chosen, and a longer one at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.history.retention import (
    NOTICE,
    RetentionChoice,
    blocks_kept,
    final_moment,
    in_force,
    kept,
    kept_finally,
    rechosen,
    results_since,
    rollups_since,
    single_results_since,
)
from controller.model.retention import Kept, Retention

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
NO_CEILING = Retention()


def days(number: int | None, months: int | None = 24) -> Retention:
    return Retention(results_days=number, rollups_months=months)


def chosen(*steps: tuple[float, Retention], ceiling: Retention = NO_CEILING) -> RetentionChoice:
    """The choice after these steps, each some hours after NOW; it began with 30 days."""
    choice = RetentionChoice(chosen=days(30))
    for hours, new in steps:
        choice = rechosen(choice, new, ceiling, NOW + hours * HOUR)
    return choice


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(0, days(60))], [60, 60, 60], id="a longer time holds at once"),
        pytest.param([(0, days(7))], [30, 7, 7], id="a shorter time holds after a day"),
        pytest.param([(0, days(7)), (12, days(30))], [30, 30, 30], id="one that was taken back never holds"),
        pytest.param([(0, days(7)), (12, days(40))], [40, 40, 40], id="nor does one that was made longer than before"),
        pytest.param(
            [(0, days(7)), (12, days(14))], [30, 14, 14], id="what was announced may become less at that moment"
        ),
        pytest.param([(0, days(14)), (12, days(7))], [30, 30, 7], id="what becomes more is announced anew"),
        pytest.param([(0, days(7)), (12, days(7))], [30, 7, 7], id="the same choice again changes nothing"),
        pytest.param([(0, days(None))], [None, None, None], id="no time of one's own is the longest"),
        pytest.param([(0, days(None)), (1, days(30))], [None, None, 30], id="and a shorter one is announced"),
    ],
)
def test_results_are_kept(steps: list[tuple[float, Retention]], expected: list[int | None]) -> None:
    choice = chosen(*steps)
    after = [NOW + 23 * HOUR, NOW + 24 * HOUR, NOW + 36 * HOUR]
    assert [in_force(choice, at).results_days for at in after] == expected


def test_of_two_times_the_longer_one_holds_at_once_and_the_shorter_one_later() -> None:
    choice = chosen((0, Retention(results_days=7, rollups_months=36)))
    assert in_force(choice, NOW) == Retention(results_days=30, rollups_months=36)
    assert in_force(choice, NOW + NOTICE) == Retention(results_days=7, rollups_months=36)


def test_what_nobody_keeps_anyway_needs_no_notice() -> None:
    """An organization that wrote down what the installation keeps loses nothing."""
    none = RetentionChoice()
    assert not rechosen(none, days(30), days(30), NOW).pending(NOW)
    assert rechosen(none, days(29), days(30), NOW).pending(NOW)


def test_an_organization_keeps_no_more_than_the_installation() -> None:
    installation = chosen((0, days(7, 12)))
    own = RetentionChoice(chosen=days(20, None))
    assert kept(installation, own, NOW) == Kept(20, 24)
    assert kept(installation, own, NOW + NOTICE) == kept_finally(installation, own) == Kept(7, 12)
    assert kept(installation, RetentionChoice(), NOW) == Kept(30, 24)


@given(
    st.lists(st.tuples(st.integers(0, 72), st.none() | st.integers(1, 9), st.none() | st.integers(1, 9)), max_size=6),
    st.integers(0, 120),
)
def test_nothing_holds_that_was_not_chosen_a_day_before(
    steps: list[tuple[int, int | None, int | None]], hours: int
) -> None:
    begun = days(5, 5)
    choice, old = RetentionChoice(chosen=begun), [begun]
    for hour, results, rollups in sorted(steps, key=lambda step: step[0]):
        if hour <= hours:
            new = days(results, rollups)
            choice = rechosen(choice, new, NO_CEILING, NOW + hour * HOUR)
            if hour <= hours - 24:
                old.append(new)
    held = in_force(choice, NOW + hours * HOUR)
    for value, before in (
        (held.results_days, [one.results_days for one in old]),
        (held.rollups_months, [one.rollups_months for one in old]),
    ):
        assert (value or 10) >= min(length or 10 for length in before)


def test_moments_are_those_of_utc() -> None:
    assert results_since(Kept(30, 24), NOW) == datetime(2026, 2, 8, tzinfo=UTC)
    assert rollups_since(Kept(30, 24), NOW) == datetime(2024, 3, 1, tzinfo=UTC)
    assert rollups_since(Kept(30, 3), NOW) == datetime(2025, 12, 1, tzinfo=UTC)
    assert rollups_since(Kept(28, 1), datetime(2026, 1, 31, 23, 59, tzinfo=UTC)) == datetime(2025, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("length", [1, 2, 30, 400])
def test_single_results_are_stored_since_a_moment_that_is_kept(length: int) -> None:
    held = Kept(length, 24)
    assert results_since(held, NOW) <= single_results_since(held, NOW) < NOW


def test_all_that_was_chosen_holds_when_the_last_announced_time_does() -> None:
    settled, sooner, later = chosen(), chosen((0, days(20))), chosen((3, days(10)))
    now = NOW + 4 * HOUR
    assert final_moment(settled, settled, now) == now
    assert final_moment(sooner, settled, now) == final_moment(settled, sooner, now) == NOW + NOTICE
    assert final_moment(sooner, later, now) == final_moment(later, sooner, now) == NOW + 3 * HOUR + NOTICE
    past = NOW + NOTICE + HOUR
    assert final_moment(sooner, settled, past) == past


@pytest.mark.parametrize(
    ("own", "months", "expected"),
    [
        pytest.param(RetentionChoice(), None, 400, id="nothing was chosen"),
        pytest.param(RetentionChoice(chosen=days(20)), None, 20, id="the organization chose"),
        pytest.param(RetentionChoice(), 2, 62, id="the package keeps months"),
        pytest.param(RetentionChoice(chosen=days(20)), 2, 20, id="the choice is shorter"),
        pytest.param(RetentionChoice(chosen=days(60)), 1, 31, id="the package is shorter"),
        pytest.param(chosen((0, days(20))), None, 30, id="before the shorter choice holds"),
    ],
)
def test_blocks_are_kept_as_the_installation_keeps_them_unless_less_was_chosen(
    own: RetentionChoice, months: int | None, expected: int
) -> None:
    installation = RetentionChoice(chosen=days(90))
    assert blocks_kept(own, kept(installation, own, NOW), 400, months, NOW) == expected
