"""Which period a monitor's details show, and from which tables it is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.decisions.history.views import Range, Sources, View, chart_view, sources, stats_view, stored_view
from controller.errors import InvalidError

NOW = datetime(2026, 3, 10, 12, 34, 56, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("range_", "start", "end", "expected"),
    [
        pytest.param(Range.DAY, None, None, ("2026-03-09T12:30", NOW, 300), id="a day in five minutes"),
        pytest.param(Range.WEEK, None, None, ("2026-03-03T12:00", NOW, 3600), id="a week in hours"),
        pytest.param(Range.MONTH, None, None, ("2026-02-08T12:00", NOW, 21600), id="a month in quarters of a day"),
        pytest.param(Range.YEAR, None, None, ("2025-03-10T00:00", NOW, 86400), id="a year in days"),
        pytest.param(
            Range.DAY,
            "2026-03-01T10:10",
            "2026-03-04T11:11",
            ("2026-03-01T10:00", "2026-03-04T12:00", 3600),
            id="two dates win over the range, and are cut to whole buckets",
        ),
        pytest.param(
            Range.WEEK,
            None,
            "2026-03-08T00:00",
            ("2026-03-01T00:00", "2026-03-08T00:00", 3600),
            id="a chart ends at the given end",
        ),
        pytest.param(
            Range.DAY,
            "2026-03-10T00:00",
            "2027-01-01T00:00",
            ("2026-03-10T00:00", NOW, 300),
            id="a chart without an end ends now",
        ),
    ],
)
def test_a_chart_shows(
    range_: Range, start: str | None, end: str | None, expected: tuple[str, str | datetime, int]
) -> None:
    since, until, width = expected
    view = chart_view(
        range_, reference=NOW, start=at(start) if start else None, end=at(end) if end else None, raw=False, now=NOW
    )
    assert view == View(at(since), at(until) if isinstance(until, str) else until, width)


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        pytest.param(
            ("2026-03-01T00:05", "2026-03-01T09:35", 300),
            ("2026-03-01T00:00", "2026-03-01T10:00", 3600),
            id="a day whose results are gone is shown in hours",
        ),
        pytest.param(
            ("2026-03-03T00:05", "2026-03-03T09:35", 300),
            ("2026-03-03T00:05", "2026-03-03T09:35", 300),
            id="a day whose results are stored is shown as before",
        ),
        pytest.param(
            ("2026-03-01T00:00", "2026-03-09T00:00", 86_400),
            ("2026-03-01T00:00", "2026-03-09T00:00", 86_400),
            id="days are read from roll-ups anyway",
        ),
        pytest.param(
            ("2026-03-01T00:05", "2026-03-01T09:35", 0),
            ("2026-03-01T00:05", "2026-03-01T09:35", 0),
            id="single checks are shown as far as they are stored",
        ),
    ],
)
def test_what_is_stored_no_longer_is_shown_by_roll_ups(view: tuple[str, str, int], shown: tuple[str, str, int]) -> None:
    found = stored_view(View(at(view[0]), at(view[1]), view[2]), at("2026-03-02T00:00"), NOW)
    assert found == View(at(shown[0]), at(shown[1]), shown[2])


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        pytest.param("2026-03-05", "2026-03-05", "startDate must be before endDate and before now", id="no time"),
        pytest.param("2026-03-05", "2026-03-04", "startDate must be before endDate and before now", id="backwards"),
        pytest.param("2026-03-11", None, "startDate must be before endDate and before now", id="in the future"),
        pytest.param("2023-01-01", None, "startDate must be at most 731 days before endDate", id="too long"),
    ],
)
def test_what_is_no_time_is_refused(start: str, end: str | None, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        chart_view(Range.DAY, reference=NOW, start=at(start), end=at(end) if end else None, raw=True, now=NOW)


@pytest.mark.parametrize("range_", list(Range))
def test_the_earliest_dates_there_are_do_not_overflow(range_: Range) -> None:
    first = datetime.min.replace(tzinfo=UTC)
    stats_view(range_, reference=first, now=NOW)
    with pytest.raises(InvalidError):
        chart_view(range_, reference=first, start=None, end=None, raw=False, now=NOW)


def test_stats_cover_whole_hours_or_days_up_to_the_moment() -> None:
    assert stats_view(Range.DAY, reference=NOW, now=NOW)[:2] == (at("2026-03-09T13:00"), NOW)
    assert stats_view(Range.MONTH, reference=NOW, now=NOW)[:2] == (at("2026-02-09T00:00"), NOW)
    assert stats_view(Range.YEAR, reference=NOW, now=NOW)[:2] == (at("2025-03-11T00:00"), NOW)
    past = stats_view(Range.DAY, reference=at("2026-03-01T10:10"), now=NOW)
    assert past[:2] == (at("2026-02-28T11:00"), at("2026-03-01T11:00"))


@pytest.mark.parametrize(
    ("view", "rolled", "expected"),
    [
        pytest.param(
            View(at("2026-03-09T12:30"), NOW, 300),
            "2026-03-10T12:00",
            ("2026-03-09T12:30", "2026-03-09T12:30", "2026-03-09T12:30", NOW),
            id="buckets under an hour are read from results only",
        ),
        pytest.param(
            View(at("2026-03-03T12:00"), NOW, 3600),
            "2026-03-10T12:00",
            ("2026-03-03T12:00", "2026-03-03T12:00", "2026-03-10T12:00", NOW),
            id="hours are read first, then results that are not rolled up",
        ),
        pytest.param(
            View(at("2025-03-10T00:00"), NOW, 86400),
            "2026-03-10T12:00",
            ("2025-03-10T00:00", "2026-03-10T00:00", "2026-03-10T12:00", NOW),
            id="days are read first, then hours, then results",
        ),
        pytest.param(
            View(at("2026-01-01T00:00"), at("2026-01-31T00:00"), 86400),
            "2026-03-10T12:00",
            ("2026-01-01T00:00", "2026-01-31T00:00", "2026-01-31T00:00", at("2026-01-31T00:00")),
            id="the past is read from days only",
        ),
        pytest.param(
            View(at("2026-03-10T10:00"), NOW, 3600),
            "2026-03-01T00:00",
            ("2026-03-10T10:00", "2026-03-10T10:00", "2026-03-10T10:00", NOW),
            id="a period that is not rolled up yet is read from results only",
        ),
    ],
)
def test_a_view_is_read_from(view: View, rolled: str, expected: tuple[str, str, str, datetime]) -> None:
    days, hours, checks, until = expected
    assert sources(view, at(rolled)) == Sources(at(days), at(hours), at(checks), until)
