"""Windows as a calendar and back: the same windows, and words for what a window cannot say."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.maintenance.ical_export import calendar_of
from controller.decisions.maintenance.ical_import import MOST_BYTES, MOST_EVENTS, events_in
from controller.decisions.maintenance.recurrence import starts
from controller.errors import InvalidError
from controller.model.maintenance import (
    Day,
    Effect,
    Frequency,
    LabelTarget,
    MaintenanceWindow,
    Recurrence,
    StoredOccurrence,
    Weekday,
    WindowTargets,
)

NOW = datetime(2027, 3, 27, 12, tzinfo=UTC)
START, END = datetime(2027, 3, 26, 22, 30), datetime(2027, 3, 27, 3)


def window(**fields: Any) -> MaintenanceWindow:
    values: dict[str, Any] = {
        "id": 1,
        "public_id": uuid4(),
        "organization_id": 1,
        "customer_id": None,
        "customer_public_id": None,
        "name": "Upgrade, with; signs \\ and ü",
        "description": None,
        "time_zone": "Europe/Berlin",
        "start": START,
        "end": END,
        "recurrence": None,
        "effect": Effect.SILENCE,
        "enabled": True,
        "targets": WindowTargets(labels=(LabelTarget("team", "mail"),)),
        "of_status": None,
        "made_by": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return MaintenanceWindow(**values | fields)


def link(public_id: UUID) -> str:
    return f"https://mailprobe.example/maintenance/{public_id}"


RULES = st.one_of(
    st.none(),
    st.builds(Recurrence, st.just(Frequency.DAILY), st.integers(1, 9), count=st.none() | st.integers(1, 9)),
    st.builds(
        Recurrence,
        st.just(Frequency.WEEKLY),
        st.integers(1, 4),
        by_day=st.lists(st.sampled_from(Weekday).map(Day), unique=True, max_size=3).map(tuple),
        until=st.none()
        | st.datetimes(datetime(2028, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    ),
    st.builds(
        Recurrence,
        st.just(Frequency.MONTHLY),
        by_day=st.lists(
            st.builds(Day, st.sampled_from(Weekday), st.sampled_from([1, 2, -1])), max_size=2, unique=True
        ).map(tuple),
    ),
    st.builds(Recurrence, st.just(Frequency.MONTHLY), by_month_day=st.sampled_from([(1,), (-1,), (5, 20)])),
    st.builds(Recurrence, st.just(Frequency.YEARLY)),
)


@given(
    RULES,
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)).map(lambda at: at.replace(microsecond=0)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=20)).map(
        lambda one: timedelta(seconds=int(one.total_seconds()))
    ),
)
def test_a_calendar_gives_the_same_windows_back(
    rule: Recurrence | None, zone: str, start: datetime, lasts: timedelta
) -> None:
    first = start if rule is None else next(starts(rule, start, start))
    one = window(recurrence=rule, time_zone=zone, start=start, end=start + lasts)
    taken, outside = events_in(calendar_of([one], "Ops", link, NOW), "Asia/Tokyo")
    assert outside == []
    [event] = taken
    assert (event.uid, event.name, event.start, event.end) == (str(one.public_id), one.name, first, first + lasts)
    assert event.time_zone == zone
    assert event.recurrence == rule


def test_a_moved_occurrence_is_an_exception_of_the_rule() -> None:
    planned = datetime(2027, 3, 26, 21, 30, tzinfo=UTC)
    moved = StoredOccurrence(planned, planned, planned + timedelta(hours=1), moved=True)
    text = calendar_of([window(recurrence=Recurrence(Frequency.DAILY), stored=(moved,))], "Ops", link, NOW).decode()
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20270326T223000" in text
    assert "DTEND:20270326T223000Z" in text
    taken, outside = events_in(text.encode(), "UTC")
    assert len(taken) == 1
    assert [one.reason for one in outside] == ["has RECURRENCE-ID: single dates that differ from a rule are not taken"]


def test_a_disabled_window_is_left_out_and_one_without_an_end_is_shown() -> None:
    text = calendar_of([window(enabled=False), window(end=None, name="Rebuild")], "Ops", link, NOW).decode()
    assert text.count("BEGIN:VEVENT") == 1
    assert "SUMMARY:Rebuild (without an end)" in text
    assert "DTEND:20270328T120000Z" in text


def event(*lines: str, name: str = "VEVENT") -> bytes:
    inner = ["BEGIN:" + name, "UID:1", "SUMMARY:Patch", *lines, "END:" + name]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *inner, "END:VCALENDAR", ""]).encode()


BERLIN = ("DTSTART;TZID=Europe/Berlin:20270328T020000", "DTEND;TZID=Europe/Berlin:20270328T040000")


@pytest.mark.parametrize(
    ("lines", "start", "end", "zone"),
    [
        (BERLIN, "2027-03-28T02:00", "2027-03-28T04:00", "Europe/Berlin"),
        (("DTSTART:20270328T020000Z", "DURATION:PT2H"), "2027-03-28T02:00", "2027-03-28T04:00", "UTC"),
        (("DTSTART:20270328T020000", "DURATION:P1DT2H"), "2027-03-28T02:00", "2027-03-29T04:00", "Asia/Tokyo"),
        (("DTSTART;VALUE=DATE:20270328",), "2027-03-28T00:00", "2027-03-29T00:00", "Asia/Tokyo"),
        (
            ("DTSTART;TZID=W. Europe Standard Time:20270328T010000", "DTEND:20270328T020000Z"),
            "2027-03-28T01:00",
            "2027-03-28T04:00",
            "Europe/Berlin",
        ),
    ],
)
def test_times_are_read(lines: tuple[str, ...], start: str, end: str, zone: str) -> None:
    [found], outside = events_in(event(*lines), "Asia/Tokyo")
    assert outside == []
    assert (found.start, found.end, found.time_zone) == (
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
        zone,
    )


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((*BERLIN, "EXDATE:20270401T000000Z"), "has EXDATE"),
        ((*BERLIN, "RDATE:20270401T000000Z"), "has RDATE"),
        ((*BERLIN, "STATUS:CANCELLED"), "is cancelled"),
        ((*BERLIN, "RRULE:FREQ=HOURLY"), "its rule recurs hourly"),
        ((*BERLIN, "RRULE:FREQ=DAILY;BYHOUR=2"), "its rule has BYHOUR"),
        ((*BERLIN, "RRULE:FREQ=MONTHLY;BYMONTH=3"), "its rule has BYMONTH"),
        ((*BERLIN, "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU"), "its rule has weeks that do not begin on Monday"),
        ((*BERLIN, "RRULE:FREQ=WEEKLY;BYDAY=TU"), "begins at a time that its rule does not have"),
        ((*BERLIN, "RRULE:FREQ=NEVER"), "RRULE cannot be understood"),
        (("DTSTART;TZID=Nowhere/Land:20270328T020000", "DURATION:PT2H"), "has the unknown time zone Nowhere/Land"),
        (("DTSTART:20270328T020000Z",), "has no end after its start"),
        (("DTEND:20270328T020000Z",), "has no start"),
    ],
)
def test_what_a_window_cannot_say_is_named_with_the_reason(lines: tuple[str, ...], reason: str) -> None:
    taken, [outside] = events_in(event(*lines), "UTC")
    assert taken == []
    assert outside.name == "Patch"
    assert outside.reason.startswith(reason), outside.reason


def test_a_yearly_rule_may_name_its_own_month() -> None:
    [found], _ = events_in(event(*BERLIN, "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=28"), "UTC")
    assert found.recurrence == Recurrence(Frequency.YEARLY)


def test_tasks_are_no_windows() -> None:
    assert events_in(event("DUE:20270328T020000Z", name="VTODO"), "UTC") == ([], [("Patch", "is not an event")])


@pytest.mark.parametrize(
    "content",
    [b"", b"not a calendar", b"\xff\xfe\x00", b"BEGIN:VCALENDAR", b"x" * (MOST_BYTES + 1), event(*BERLIN)[:60]],
)
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        events_in(content, "UTC")
    assert refused.value.field == "body"


def test_too_many_entries_are_refused() -> None:
    one = b"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"
    with pytest.raises(InvalidError, match=f"at most {MOST_EVENTS} entries"):
        events_in(b"BEGIN:VCALENDAR\r\n" + one * (MOST_EVENTS + 1) + b"END:VCALENDAR\r\n", "UTC")


@given(st.data())
def test_a_mangled_calendar_is_understood_or_refused(data: st.DataObject) -> None:
    content = bytearray(event(*BERLIN, "RRULE:FREQ=MONTHLY;BYDAY=-1SU;COUNT=3", "DESCRIPTION:a\\nb"))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(InvalidError):
        taken, outside = events_in(bytes(content), "UTC")
        assert len(taken) + len(outside) <= 1 + content.count(b"BEGIN:")
