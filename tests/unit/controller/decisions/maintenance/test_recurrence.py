"""A rule's starts are those of dateutil, also far from its beginning; one that never fits is searched for a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from time import thread_time
from typing import Literal

import msgspec
import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.maintenance.recurrence import starts
from controller.model.maintenance import Day, Frequency, Recurrence, Weekday

FREQUENCIES: dict[Frequency, Literal[0, 1, 2, 3]] = {
    Frequency.DAILY: DAILY,
    Frequency.WEEKLY: WEEKLY,
    Frequency.MONTHLY: MONTHLY,
    Frequency.YEARLY: YEARLY,
}
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 12, 31)).map(lambda at: at.replace(microsecond=0))
LATER = st.integers(0, 4000).map(timedelta)
NOW = datetime(2026, 11, 24, 3)


def _days(numbers: st.SearchStrategy[int | None]) -> st.SearchStrategy[tuple[Day, ...]]:
    return st.lists(st.builds(Day, st.sampled_from(Weekday), numbers), max_size=3, unique=True).map(tuple)


@st.composite
def rules(draw: st.DrawFn) -> Recurrence:
    """Rules that fit again and again."""
    frequency = draw(st.sampled_from(Frequency))
    numbered = frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    nth = draw(st.sampled_from([st.none(), st.integers(1, 4) | st.integers(-4, -1)])) if numbered else st.none()
    by_day = draw(_days(nth))
    plain = frequency is not Frequency.WEEKLY and not by_day
    month_day = st.integers(1, 28) | st.just(-1)
    by_month_day = tuple(draw(st.lists(month_day, max_size=2, unique=True))) if plain else ()
    whole = frequency is not Frequency.WEEKLY  # dateutil cuts off the first week at the first day, RFC 5545 does not
    by_set_pos = draw(st.sampled_from([(), (1,), (-1,), (1, -1)])) if whole else ()
    return Recurrence(frequency, draw(st.sampled_from([1, 2, 3, 5, 11])), by_day, by_month_day, by_set_pos)


@given(rule=rules(), first=MOMENTS, later=LATER)
def test_the_starts_are_those_of_dateutil(rule: Recurrence, first: datetime, later: timedelta) -> None:
    since, until = first + later, first + later + timedelta(days=800)
    whole = rrule(
        FREQUENCIES[rule.frequency],
        dtstart=first,
        interval=rule.interval,
        byweekday=[weekday(list(Weekday).index(day.weekday), day.nth) for day in rule.by_day] or None,
        bymonthday=rule.by_month_day or None,
        bysetpos=rule.by_set_pos or None,
    )
    expected = [start for start in takewhile(lambda start: start < until, whole) if start >= since]
    assert list(takewhile(lambda start: start < until, starts(rule, first, since))) == expected


@given(rule=rules(), first=MOMENTS, later=LATER, count=st.integers(1, 40))
def test_a_count_counts_from_the_beginning(rule: Recurrence, first: datetime, later: timedelta, count: int) -> None:
    counted = list(islice(starts(rule, first, first), count))
    expected = [start for start in counted if start >= first + later]
    assert list(starts(msgspec.structs.replace(rule, count=count), first, first + later)) == expected


@given(rule=rules(), first=MOMENTS, number=st.integers(0, 5))
def test_until_is_the_last_start(rule: Recurrence, first: datetime, number: int) -> None:
    found = list(islice(starts(rule, first, first), 6))
    until = found[number]
    assert list(starts(msgspec.structs.replace(rule, until=until), first, first)) == found[: number + 1]
    assert (
        list(starts(msgspec.structs.replace(rule, until=until - timedelta(seconds=1)), first, first)) == found[:number]
    )


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        pytest.param(
            Recurrence(Frequency.MONTHLY, by_month_day=(31,)),
            datetime(2027, 1, 31, 2),
            ["2027-01-31", "2027-03-31", "2027-05-31"],
            id="shorter months are left out",
        ),
        pytest.param(
            Recurrence(Frequency.MONTHLY, by_month_day=(-1,)),
            datetime(2028, 1, 31, 2),
            ["2028-01-31", "2028-02-29", "2028-03-31"],
            id="the last day of a month",
        ),
        pytest.param(
            Recurrence(Frequency.YEARLY),
            datetime(2028, 2, 29, 2),
            ["2028-02-29", "2032-02-29", "2036-02-29"],
            id="the leap day",
        ),
        pytest.param(
            Recurrence(Frequency.MONTHLY, by_day=(Day(Weekday.TUESDAY, 2),)),
            datetime(2027, 1, 1, 2),
            ["2027-01-12", "2027-02-09", "2027-03-09"],
            id="the second Tuesday",
        ),
        pytest.param(
            Recurrence(Frequency.MONTHLY, by_day=(Day(Weekday.TUESDAY, 2), Day(Weekday.SUNDAY))),
            datetime(2027, 1, 4, 2),
            ["2027-01-10", "2027-01-12", "2027-01-17"],
            id="the second Tuesday and every Sunday",
        ),
        pytest.param(
            Recurrence(Frequency.MONTHLY, by_day=tuple(map(Day, list(Weekday)[:5])), by_set_pos=(-1,)),
            datetime(2027, 1, 1, 2),
            ["2027-01-29", "2027-02-26", "2027-03-31"],
            id="the last weekday of a month",
        ),
        pytest.param(
            Recurrence(Frequency.WEEKLY, 2, by_day=(Day(Weekday.MONDAY), Day(Weekday.SUNDAY))),
            datetime(2027, 1, 6, 2),
            ["2027-01-10", "2027-01-18", "2027-01-24"],
            id="every other week, which begins on Monday",
        ),
        pytest.param(
            Recurrence(Frequency.WEEKLY, by_day=tuple(map(Day, list(Weekday)[:2])), by_set_pos=(1,)),
            datetime(2027, 1, 5, 2),
            ["2027-01-11", "2027-01-18", "2027-01-25"],
            id="the first of a week's days, of which the first week has none",
        ),
        pytest.param(
            Recurrence(Frequency.YEARLY),
            datetime(9998, 5, 1, 2),
            ["9998-05-01", "9999-05-01"],
            id="the end of the calendar",
        ),
    ],
)
def test_starts(rule: Recurrence, first: datetime, expected: list[str]) -> None:
    assert [str(start.date()) for start in islice(starts(rule, first, first), 3)] == expected


NEVER = {
    "an even number of weeks never comes to another weekday": Recurrence(Frequency.DAILY, 7, (Day(Weekday.TUESDAY),)),
    "no month has six Mondays": Recurrence(Frequency.MONTHLY, by_day=(Day(Weekday.MONDAY),), by_set_pos=(6,)),
    "no February has a 31st": Recurrence(Frequency.MONTHLY, 12, by_month_day=(31,)),
    "no year has 300 Mondays": Recurrence(Frequency.YEARLY, by_day=(Day(Weekday.MONDAY),), by_set_pos=(300,)),
    "no week has three Mondays": Recurrence(Frequency.WEEKLY, by_day=(Day(Weekday.MONDAY),), by_set_pos=(3,)),
    "a count changes nothing": Recurrence(Frequency.DAILY, 7, (Day(Weekday.TUESDAY),), count=1000),
    "not even far from here": Recurrence(Frequency.MONTHLY, 96, (Day(Weekday.MONDAY),), by_month_day=(30,)),
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=reason) for reason, rule in NEVER.items()])
def test_a_rule_that_never_fits_is_given_up_soon(rule: Recurrence) -> None:
    begun = thread_time()
    assert list(starts(rule, datetime(2016, 2, 1, 2), NOW)) == []
    assert thread_time() - begun < 0.05
