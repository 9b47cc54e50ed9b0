"""Who is on call: shifts of calendars on nights of summer time, swaps, overrides, and entries that name nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.on_call.rota import OnCall, Reachable, Source, check_override, on_call
from controller.decisions.on_call.rota_calendar import shifts_in
from controller.errors import InvalidError
from controller.model.notification.on_call import NamedChannel, OnCallPerson, RotaEvent, RotaOverride

ANN = OnCallPerson(1, UUID(int=1), "ann@example.com")
BOB = OnCallPerson(2, UUID(int=2), "bob@example.com")
DESK = NamedChannel(3, UUID(int=3), "Night desk", "email")
NAMESAKE = NamedChannel(4, UUID(int=4), "night desk", "webhook")
REACHABLE = Reachable({ANN.email: ANN, BOB.email: BOB}, (DESK, NAMESAKE))
BERLIN = "Europe/Berlin"
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 12, 1, tzinfo=UTC)


def calendar(*events: str) -> bytes:
    inner = "".join(f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//T//EN\n{inner}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def who(content: bytes, at: datetime, *overrides: RotaOverride) -> OnCall:
    events, skipped = shifts_in(content, BERLIN)
    assert not skipped
    return on_call(events, overrides, REACHABLE, at)


NIGHTS = """
UID:nights
SUMMARY:On call
ATTENDEE;CN=Ann:mailto:Ann@example.com
DTSTART;TZID=Europe/Berlin:20270301T200000
DTEND;TZID=Europe/Berlin:20270302T080000
RRULE:FREQ=DAILY
"""


@pytest.mark.parametrize(
    ("shift", "people", "channels", "unknown"),
    [
        pytest.param("SUMMARY:ann@example.com", [ANN], [], [], id="an address as its title"),
        pytest.param("SUMMARY:On call: Bob <BOB@example.com>", [BOB], [], [], id="an address within its title"),
        pytest.param(
            "SUMMARY:x\nATTENDEE:mailto:ann@example.com\nATTENDEE:mailto:bob@example.com", [ANN, BOB], [], [], id="two"
        ),
        pytest.param(
            "SUMMARY:x\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.com\nATTENDEE:mailto:bob@example.com",
            [BOB],
            [],
            [],
            id="not who declined",
        ),
        pytest.param("SUMMARY:night DESK", [], [DESK], [], id="the name of a channel, of several the oldest"),
        pytest.param("SUMMARY:carol@example.com", [], [], ["carol@example.com"], id="nobody of the organization"),
    ],
)
def test_a_shift_names_people_or_a_channel(
    shift: str, people: list[OnCallPerson], channels: list[NamedChannel], unknown: list[str]
) -> None:
    content = calendar(f"UID:1\n{shift}\nDTSTART:20270310T080000Z\nDTEND:20270310T180000Z")
    found = who(content, datetime(2027, 3, 10, 12, tzinfo=UTC))
    assert ([*found.people], [*found.channels], [*found.unknown]) == (people, channels, unknown)
    assert (found.source is Source.NOBODY) is bool(unknown)
    assert found.until == datetime(2027, 3, 10, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "on"),
    [
        pytest.param(datetime(2027, 3, 27, 18, 59, tzinfo=UTC), False, id="not before 20:00 in winter"),
        pytest.param(datetime(2027, 3, 27, 19, 0, tzinfo=UTC), True, id="from 20:00 on"),
        pytest.param(datetime(2027, 3, 28, 5, 59, tzinfo=UTC), True, id="until 08:00 in summer, an hour sooner"),
        pytest.param(datetime(2027, 3, 28, 6, 0, tzinfo=UTC), False, id="not after"),
        pytest.param(datetime(2027, 10, 31, 6, 59, tzinfo=UTC), True, id="an hour longer in autumn"),
    ],
)
def test_a_shift_follows_the_wall_clock(at: datetime, on: bool) -> None:
    assert (who(calendar(NIGHTS), at).people == (ANN,)) is on


def test_single_shifts_can_be_swapped_and_removed() -> None:
    removed = f"{NIGHTS.strip()}\nEXDATE;TZID=Europe/Berlin:20270305T200000"
    swapped = """
UID:nights
RECURRENCE-ID;TZID=Europe/Berlin:20270306T200000
SUMMARY:bob@example.com
DTSTART;TZID=Europe/Berlin:20270306T200000
DTEND;TZID=Europe/Berlin:20270307T080000
"""
    content = calendar(removed, swapped)
    nights = [datetime(2027, 3, day, 23, tzinfo=UTC) for day in (4, 5, 6, 7)]
    assert [who(content, at).people for at in nights] == [(ANN,), (), (BOB,), (ANN,)]


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York"])
def test_shifts_at_the_edges_of_the_calendar_disturb_nobody(zone: str) -> None:
    """Of a zone whose clock is before or beyond UTC's calendar there."""
    first, last = "00010101T000000", "99991231T230000"
    content = calendar(
        f"{NIGHTS.strip()}\nEXDATE:{first}\nEXDATE:{first}Z\nEXDATE:{last}\nEXDATE:{last}Z",
        f"UID:first\nSUMMARY:bob@example.com\nDTSTART:{first}\nDURATION:PT1H",
        f"UID:last\nSUMMARY:bob@example.com\nDTSTART:{last}\nDURATION:PT59M",
        *(
            f"UID:nights\nSUMMARY:bob@example.com\nRECURRENCE-ID:{at}\nDTSTART:{last}\nDURATION:PT59M"
            for at in (first, f"{first}Z", last, f"{last}Z")
        ),
    )
    events, skipped = shifts_in(content, zone)
    assert (len(events), skipped) == (7, [])
    assert on_call(events, (), REACHABLE, datetime(2027, 3, 10, 23, tzinfo=UTC)).people == (ANN,)


def test_the_override_that_was_made_last_wins() -> None:
    at = datetime(2027, 3, 10, 23, tzinfo=UTC)
    first = RotaOverride(id=1, public_id=UUID(int=9), from_at=at - HOUR, to_at=at + HOUR, person=BOB)
    second = RotaOverride(id=2, public_id=UUID(int=9), from_at=at - HOUR, to_at=at + 2 * HOUR, channel=DESK)
    found = who(calendar(NIGHTS), at, second, first)
    assert (found.source, found.people, found.channels) == (Source.OVERRIDE, (), (DESK,))
    assert who(calendar(NIGHTS), at + HOUR * 3, second, first).people == (ANN,)


@given(
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 364 * 24 * 60),
    st.lists(st.integers(0, 23), min_size=2, max_size=4, unique=True),
)
def test_shifts_that_follow_one_another_leave_no_gap(zone: str, minute: int, hours: list[int]) -> None:
    """Whatever the clock does on the nights of summer time."""
    changes = sorted(hours)
    events = []
    for begin, end in zip(changes, [*changes[1:], changes[0] + 24], strict=True):
        start, stop = FIRST + begin * HOUR, FIRST + end * HOUR
        content = calendar(
            f"UID:{begin}\nSUMMARY:ann@example.com\nDTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}\n"
            f"DTEND;TZID={zone}:{stop:%Y%m%dT%H%M%S}\nRRULE:FREQ=DAILY"
            if zone != "UTC"
            else f"UID:{begin}\nSUMMARY:ann@example.com\nDTSTART:{start:%Y%m%dT%H%M%S}Z\n"
            f"DTEND:{stop:%Y%m%dT%H%M%S}Z\nRRULE:FREQ=DAILY"
        )
        events += shifts_in(content, zone)[0]
    at = datetime(2027, 1, 1, 0, 30, tzinfo=UTC) + timedelta(minutes=minute)
    found = on_call(events, (), REACHABLE, at)
    assert found.people == (ANN,)
    assert found.until is not None
    assert found.until > at


def test_entries_that_are_no_shifts_are_named_with_the_reason() -> None:
    content = calendar(
        "UID:1\nSUMMARY:no start",
        "UID:2\nSUMMARY:long\nDTSTART:20270101T000000Z\nDTEND:20270401T000000Z",
        "UID:3\nSUMMARY:hourly\nDTSTART:20270101T000000Z\nDTEND:20270101T010000Z\nRRULE:FREQ=HOURLY",
    )
    events, skipped = shifts_in(content, "UTC")
    assert events == []
    assert [one.name for one in skipped] == ["no start", "long", "hourly"]
    assert skipped[1].reason == "lasts more than 31 days"


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"BEGIN:VCALENDAR"])
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidError, match="url must lead to a calendar"):
        shifts_in(content, "UTC")


def test_an_override_has_a_length() -> None:
    at = datetime(2027, 3, 10, tzinfo=UTC)
    with pytest.raises(InvalidError, match="to must be after from"):
        check_override(at, at)
    with pytest.raises(InvalidError, match="at most 31 days"):
        check_override(at, at + timedelta(days=32))


def test_an_event_survives_storage() -> None:
    [event] = shifts_in(calendar(f"{NIGHTS.strip()}\nEXDATE;TZID=Europe/Berlin:20270305T200000"), BERLIN)[0]
    assert msgspec.convert(msgspec.to_builtins(event), RotaEvent) == event
