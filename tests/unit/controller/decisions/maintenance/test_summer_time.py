"""Windows over every night of ten years in which the clock of one of twelve zones is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.maintenance.occurrences import Occurrence, Timetable, occurrences
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.model.maintenance import Frequency, Recurrence

ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",  # winter time is the exception there
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",  # at midnight
    "America/Asuncion",  # no more changes since 2024
    "Africa/Casablanca",  # back for Ramadan
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Chatham",  # at 02:45
    "America/Scoresbysund",  # on the day before
)
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which the zone's offset changes."""
    at = SINCE
    while at < UNTIL:
        if _offset(at, zone) != _offset(at + DAY, zone):
            early, late = at, at + DAY
            while late - early > timedelta(seconds=1):
                middle = early + (late - early) // 2
                middle = middle.replace(microsecond=0)
                if _offset(middle, zone) == _offset(early, zone):
                    early = middle
                else:
                    late = middle
            yield late
        at += DAY


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


NIGHTS = [(name, change) for name in ZONES for change in _changes(ZoneInfo(name))]


def _readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which the zone's clock shows this, found by trying every offset the zone has about then."""
    about = wall.replace(tzinfo=UTC)
    offsets = {_offset(about + days * DAY, zone) for days in range(-2, 3)}
    instants = sorted(about - offset for offset in offsets)
    return [at for at in instants if at.astimezone(zone).replace(tzinfo=None) == wall]


def test_the_zones_change_their_clocks_as_often_as_is_known() -> None:
    nights = {name: sum(zone == name for zone, _ in NIGHTS) for name in ZONES}
    assert nights.pop("America/Asuncion") == 0
    assert all(count >= 19 for count in nights.values()), nights


@pytest.mark.parametrize(
    ("name", "change"), [pytest.param(*night, id=f"{night[0]} {night[1]:%Y-%m-%d}") for night in NIGHTS]
)
def test_daily_windows_around_a_change_of_the_clock(name: str, change: datetime) -> None:
    """Each quarter of an hour of the two days, as start of windows of a quarter, an hour, and six hours."""
    zone = ZoneInfo(name)
    midnight = change.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0) - 3 * DAY
    for quarter in range(96):
        for length in (HOUR / 4, HOUR, 6 * HOUR):
            start = midnight + quarter * HOUR / 4
            table = Timetable(zone, start, start + length, Recurrence(Frequency.DAILY))
            found = occurrences(table, change - 5 * DAY, change + 2 * DAY)
            _are_as_on_the_clock(table, found, change)


def _are_as_on_the_clock(table: Timetable, found: list[Occurrence], change: datetime) -> None:
    assert table.end is not None
    starts = {one.from_at: one for one in found}
    assert len(starts) == len(found)
    for day in range(4):
        start, end = table.start + day * DAY, table.end + day * DAY
        begins, ends = _readings(start, table.zone), _readings(end, table.zone)
        from_at = begins[0] if begins else _shifted(start, table.zone, change)
        to_at = ends[-1] if ends else _shifted(end, table.zone, change)
        if to_at > from_at:
            assert starts.pop(from_at).to_at == to_at
        else:
            assert from_at not in starts


def _shifted(wall: datetime, zone: ZoneInfo, change: datetime) -> datetime:
    """A time that the clock skips is as long after the change as it is after the last time that exists."""
    before = _offset(change - HOUR, zone)
    instant = wall.replace(tzinfo=UTC) - before
    assert change <= instant < change + (_offset(change, zone) - before)
    return instant


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        pytest.param("2027-03-28 02:15", "2027-03-28 02:45", 30, id="within the hour that does not exist"),
        pytest.param("2027-10-31 02:15", "2027-10-31 02:45", 90, id="within the hour that comes twice"),
        pytest.param("2027-03-28 01:00", "2027-03-28 04:00", 120, id="over the gap"),
        pytest.param("2027-10-31 01:00", "2027-10-31 04:00", 240, id="over both hours"),
        pytest.param("2027-03-28 02:30", "2027-03-28 03:00", None, id="nothing is left of it"),
        pytest.param("2027-03-27 23:00", "2027-03-28 03:00", 180, id="to the end of the gap"),
        pytest.param("2027-10-30 23:00", "2027-10-31 02:00", 240, id="to the second two o'clock"),
    ],
)
def test_berlin(start: str, end: str, minutes: int | None) -> None:
    table = Timetable(ZoneInfo("Europe/Berlin"), datetime.fromisoformat(start), datetime.fromisoformat(end))
    found = occurrences(table, SINCE, UNTIL)
    assert [one.seconds for one in found] == ([] if minutes is None else [60 * minutes])


@given(zone=st.sampled_from(ZONES), wall=st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)))
def test_an_instant_shows_its_wall_clock_time_if_that_exists(zone: str, wall: datetime) -> None:
    found = _readings(wall, ZoneInfo(zone))
    if found:
        assert start_instant(wall, ZoneInfo(zone)) == found[0]
        assert end_instant(wall, ZoneInfo(zone)) == found[-1]


@given(
    zone=st.sampled_from(ZONES),
    first=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=31)),
    since=st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    within=st.timedeltas(timedelta(hours=1), timedelta(days=40)),
)
def test_a_part_of_the_time_has_the_occurrences_of_the_whole_that_reach_into_it(
    zone: str, first: datetime, length: timedelta, since: datetime, within: timedelta
) -> None:
    table = Timetable(ZoneInfo(zone), first, first + length, Recurrence(Frequency.WEEKLY))
    whole = occurrences(table, datetime(2025, 1, 1, tzinfo=UTC), since + within)
    assert occurrences(table, since, since + within) == [one for one in whole if one.to_at is None or one.to_at > since]
