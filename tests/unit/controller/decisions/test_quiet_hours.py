"""Quiet hours of channels: when they hold, what they hold, and how they are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.notification.quiet_hours import (
    NotifiedOutage,
    check_quiet_hours,
    held_words,
    next_quiet_times,
    quiet_sentence,
    quiet_until,
    quiet_words,
    waits,
)
from controller.errors import InvalidError
from controller.model.maintenance import Weekday
from controller.model.notification.quiet_hours import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = list(Weekday)
WORKDAYS = ["MO", "TU", "WE", "TH", "FR"]
MONITOR = UUID(int=1)
OTHER = UUID(int=2)


def hours(*windows: tuple[list[str], str, str], **fields: Any) -> QuietHours:
    listed = [{"days": days, "from": begin, "to": end} for days, begin, end in windows]
    return msgspec.convert({"windows": listed, "severities": ["partial"], **fields}, QuietHours)


NIGHTS = hours((WORKDAYS, "22:00", "07:00"))
EVERY_NIGHT = hours(([day.value for day in WEEK], "01:00", "04:00"))


@pytest.mark.parametrize(
    ("given_hours", "now", "until"),
    [
        pytest.param(NIGHTS, "2026-11-24 21:59", None, id="a minute before they begin: nothing waits"),
        pytest.param(NIGHTS, "2026-11-24 22:00", "2026-11-25 07:00", id="the first moment is quiet"),
        pytest.param(NIGHTS, "2026-11-25 03:00", "2026-11-25 07:00", id="after midnight, those of the evening before"),
        pytest.param(NIGHTS, "2026-11-25 07:00", None, id="the end is not quiet any more"),
        pytest.param(NIGHTS, "2026-11-28 03:00", "2026-11-28 07:00", id="Saturday's morning belongs to Friday"),
        pytest.param(NIGHTS, "2026-11-28 23:00", None, id="no window begins on Saturday"),
        pytest.param(NIGHTS, "2026-11-30 03:00", None, id="Monday's morning belongs to Sunday, which is not quiet"),
        pytest.param(
            hours((["SA"], "00:00", "00:00"), (["SU"], "00:00", "00:00"), (["FR"], "22:00", "00:00")),
            "2026-11-27 23:00",
            "2026-11-30 00:00",
            id="windows that touch are one: a single digest at the end of the weekend",
        ),
        pytest.param(EVERY_NIGHT, "2027-03-28 01:30", "2027-03-28 04:00", id="the night without an hour at two"),
        pytest.param(EVERY_NIGHT, "2027-10-31 03:30", "2027-10-31 04:00", id="the night with an hour twice"),
    ],
)
def test_when_they_hold(given_hours: QuietHours, now: str, until: str | None) -> None:
    found = quiet_until(given_hours, "Europe/Berlin", datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    assert found == (until and datetime.fromisoformat(until).replace(tzinfo=BERLIN).astimezone(UTC))


@pytest.mark.parametrize(("night", "span"), [("2027-03-28", 2), ("2027-10-31", 4), ("2027-06-01", 3)])
def test_nights_of_summer_time_have_their_own_length(night: str, span: int) -> None:
    begin = datetime.fromisoformat(f"{night} 01:00").replace(tzinfo=BERLIN).astimezone(UTC)
    until = quiet_until(EVERY_NIGHT, "Europe/Berlin", begin)
    assert until is not None
    assert until - begin == timedelta(hours=span)


@pytest.mark.parametrize(("end", "span"), [("02:30", 3.5), ("03:00", 4)])
def test_an_end_that_comes_twice_is_the_second_one(end: str, span: float) -> None:
    found = hours((["SU"], "00:00", end))
    begin = datetime(2027, 10, 31, tzinfo=BERLIN).astimezone(UTC)
    assert quiet_until(found, "Europe/Berlin", begin) == begin + timedelta(hours=span)


def test_an_own_time_zone_goes_before_the_organizations() -> None:
    found = hours((["TU"], "22:00", "23:00"), timeZone="Asia/Tokyo")
    assert quiet_until(found, "Europe/Berlin", datetime(2026, 11, 24, 13, 30, tzinfo=UTC))
    assert quiet_until(found, "Europe/Berlin", datetime(2026, 11, 24, 21, 30, tzinfo=UTC)) is None


_TIMES = st.times().map(lambda at: f"{at:%H:%M}")
_WINDOWS = st.tuples(st.lists(st.sampled_from([day.value for day in WEEK]), min_size=1, max_size=3), _TIMES, _TIMES)
_ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
_MOMENTS = st.timedeltas(timedelta(), timedelta(days=730)).map(lambda span: datetime(2026, 1, 1, tzinfo=UTC) + span)


@given(st.lists(_WINDOWS, min_size=1, max_size=4), _ZONES, _MOMENTS)
def test_the_end_is_in_the_future_and_not_quiet(
    windows: list[tuple[list[str], str, str]], zone: str, now: datetime
) -> None:
    found = hours(*windows)
    try:
        check_quiet_hours(msgspec.to_builtins(found), handed_over=False)
    except InvalidError:
        return
    until = quiet_until(found, zone, now)
    if until is not None:
        assert now < until <= now + timedelta(days=8)
        assert quiet_until(found, zone, until) is None
        assert quiet_until(found, zone, until - timedelta(seconds=1)) == until


@given(_WINDOWS, _ZONES, _MOMENTS)
def test_a_moment_is_quiet_when_the_wall_clock_is_within_the_window(
    window: tuple[list[str], str, str], zone: str, now: datetime
) -> None:
    """Away from changes of the clock, where wall times are unique."""
    local = now.astimezone(ZoneInfo(zone))
    if any(
        (now + timedelta(days=days)).astimezone(ZoneInfo(zone)).utcoffset() != local.utcoffset() for days in (-2, 2)
    ):
        return
    days, begin, end = window
    clock = f"{local:%H:%M}"
    today, yesterday = WEEK[local.weekday()].value, WEEK[local.weekday() - 1].value
    if end > begin:
        quiet = today in days and begin <= clock < end
    else:
        quiet = (today in days and clock >= begin) or (yesterday in days and clock < end)
    assert (quiet_until(hours(window), zone, now) is not None) == quiet


@pytest.mark.parametrize(
    ("severities", "outages", "held"),
    [
        pytest.param(["partial"], [("partial", MONITOR)], True, id="a listed severity waits"),
        pytest.param(["partial"], [("down", MONITOR)], False, id="another one goes at once"),
        pytest.param(["down"], [("down", OTHER)], False, id="a full outage of an exempt monitor goes at once"),
        pytest.param(["down", "partial"], [("partial", OTHER)], True, id="its partial outage waits"),
        pytest.param(["down"], [("down", MONITOR), ("down", OTHER)], False, id="one that may not wait sends a group"),
        pytest.param(
            ["down", "partial"], [("down", MONITOR), ("partial", OTHER)], True, id="a group of such as may wait"
        ),
    ],
)
def test_what_waits(severities: list[str], outages: list[tuple[str, UUID]], held: bool) -> None:
    found = hours((["MO"], "22:00", "07:00"), severities=severities, **{"except": [str(OTHER)]})
    assert waits(found, [NotifiedOutage(*one) for one in outages]) is held


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        pytest.param({"windows": []}, "quietHours", id="no window"),
        pytest.param({"timeZone": "Mars/Base"}, "quietHours.timeZone", id="an unknown time zone"),
        pytest.param(
            {"windows": [{"days": [day.value for day in WEEK], "from": "00:00", "to": "00:00"}]},
            "quietHours.windows",
            id="quiet for ever",
        ),
        pytest.param(
            {
                "windows": [
                    {"days": [day.value for day in WEEK], "from": "22:00", "to": "10:00"},
                    {"days": [day.value for day in WEEK], "from": "09:00", "to": "22:00"},
                ]
            },
            "quietHours.windows",
            id="two windows that leave no time together",
        ),
        pytest.param({"windows": [{"days": ["MO"], "from": "24:00", "to": "07:00"}]}, "quietHours", id="no such time"),
    ],
)
def test_what_is_refused(stored: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_quiet_hours({**msgspec.to_builtins(NIGHTS), **stored}, handed_over=False)
    assert refused.value.field == field


def test_they_are_said_in_a_sentence() -> None:
    assert quiet_words(NIGHTS, "Europe/Berlin") == "Mon-Fri 22:00-07:00 Europe/Berlin: partial outages wait until 07:00"
    several = hours(
        (["MO", "WE", "TH"], "22:00", "07:00"),
        (["SU"], "00:00", "12:00"),
        severities=["down", "partial"],
        **{"except": [str(OTHER)]},
    )
    assert quiet_words(several, "UTC") == (
        "Mon, Wed-Thu 22:00-07:00; Sun 00:00-12:00 UTC: full outages and partial outages wait until they end;"
        " full outages of 1 monitor do not wait"
    )
    assert held_words(datetime(2026, 11, 25, 6, tzinfo=UTC), BERLIN) == "held until Wed 07:00 by quiet hours"


@pytest.mark.parametrize(
    ("given_hours", "sentence"),
    [
        pytest.param(
            NIGHTS,
            "Partial outages wait from 22:00 to 07:00 (Mon-Fri), UTC; full outages are sent at once",
            id="partial outages alone",
        ),
        pytest.param(
            hours((["SA", "SU"], "00:00", "09:00"), severities=["down", "partial"], timeZone="Europe/Berlin"),
            "Full outages and partial outages wait from 00:00 to 09:00 (Sat-Sun), Europe/Berlin",
            id="everything waits",
        ),
        pytest.param(
            hours((["SA"], "00:00", "09:00"), (["MO"], "01:00", "02:00"), severities=["down"], **{"except": [MONITOR]}),
            "Full outages wait from 00:00 to 09:00 (Sat) and from 01:00 to 02:00 (Mon), UTC; partial outages and full"
            " outages of 1 monitor are sent at once",
            id="an exempt monitor",
        ),
    ],
)
def test_a_sentence_says_what_waits_and_what_does_not(given_hours: QuietHours, sentence: str) -> None:
    assert quiet_sentence(given_hours, "UTC") == sentence


def test_the_next_five_begin_with_the_one_that_holds() -> None:
    now = datetime(2026, 11, 27, 23, tzinfo=BERLIN)  # a Friday
    found = next_quiet_times(NIGHTS, "Europe/Berlin", now, 5)
    begins = [one.from_at.astimezone(BERLIN).strftime("%a %d %H:%M") for one in found]
    assert begins == ["Fri 27 22:00", "Mon 30 22:00", "Tue 01 22:00", "Wed 02 22:00", "Thu 03 22:00"]


def test_the_next_five_of_a_weekly_window_are_five_weeks() -> None:
    found = next_quiet_times(hours((["SU"], "01:00", "04:00")), "UTC", datetime(2026, 11, 22, 5, tzinfo=UTC), 5)
    assert [one.from_at.day for one in found] == [29, 6, 13, 20, 27]
