"""The relative times of AlertSite's reports, on a wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.api.compat.alertsite.reports.periods import HOURS, NAMES, WallClockSpan, days_of
from controller.api.compat.alertsite.reports.times import LONGEST, report_time
from controller.errors import InvalidError

NOW = datetime(2027, 3, 10, 15, 30)  # noqa: DTZ001 - a Wednesday of the wall clock


def day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day of the wall clock


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("Today", "2027-03-10", None),
        ("Yesterday", "2027-03-09", "2027-03-10"),
        ("LastTwoDays", "2027-03-08", "2027-03-10"),
        ("LastThreeDays", "2027-03-07", "2027-03-10"),
        ("LastSevenDays", "2027-03-03", "2027-03-10"),
        ("LastEightDays", "2027-03-02", "2027-03-10"),
        ("ThisWeek", "2027-03-07", None),
        ("LastWeek", "2027-02-28", "2027-03-07"),
        ("LastBizWeek", "2027-03-01", "2027-03-06"),
        ("ThisMonth", "2027-03-01", None),
        ("LastMonth", "2027-02-01", "2027-03-01"),
    ],
)
def test_days(name: str, since: str, until: str | None) -> None:
    assert days_of(name, NOW) == WallClockSpan(day(since), None if until is None else day(until))


def test_a_week_begins_on_sunday() -> None:
    sunday = NOW - timedelta(days=3)
    assert days_of("ThisWeek", sunday).since == day("2027-03-07")
    assert days_of("LastWeek", sunday) == WallClockSpan(day("2027-02-28"), day("2027-03-07"))
    assert days_of("LastBizWeek", sunday) == WallClockSpan(day("2027-03-01"), day("2027-03-06"))


def test_every_name_is_a_time_in_the_past() -> None:
    now = datetime(2027, 3, 10, 14, 30, tzinfo=UTC)
    for name in NAMES:
        found = report_time(name, None, None, "Europe/Berlin", now, LONGEST)
        assert found.since < found.until <= now, name
    for name, hours in HOURS.items():
        assert report_time(name, None, None, "Europe/Berlin", now, LONGEST).since == now - timedelta(hours=hours)


def test_days_are_those_of_the_accounts_time_zone() -> None:
    now = datetime(2027, 3, 30, 23, 30, tzinfo=UTC)  # 01:30 of the next day in Berlin, in summer time
    found = report_time("Yesterday", None, None, "Europe/Berlin", now, LONGEST)
    assert found == (datetime(2027, 3, 29, 22, tzinfo=UTC), datetime(2027, 3, 30, 22, tzinfo=UTC))
    month = report_time("ThisMonth", None, None, "Europe/Berlin", now, LONGEST)
    assert month.since == datetime(2027, 2, 28, 23, tzinfo=UTC), "before summer time began"


@pytest.mark.parametrize(
    ("rdate", "since", "until", "field"),
    [
        pytest.param("9999-12-31", None, None, "rdate", id="the last day, which has no next one"),
        pytest.param("0001-01-01", None, None, "rdate", id="the first day, which begins before UTC's"),
        pytest.param(None, "2027-03-01", "9999-12-31", "to", id="to the last day"),
        pytest.param(None, "0001-01-01", "2027-03-01", "from", id="from the first day"),
        pytest.param(None, "0001-01-01 00:00:00", "2027-03-01", "from", id="from its first moment"),
    ],
)
def test_times_at_the_edges_of_the_calendar_are_refused(
    rdate: str | None, since: str | None, until: str | None, field: str
) -> None:
    now = datetime(2027, 3, 10, 14, 30, tzinfo=UTC)
    with pytest.raises(InvalidError, match=f"{field} must be between 2000 and 2100"):
        report_time(rdate, since, until, "Asia/Tokyo", now, LONGEST)
