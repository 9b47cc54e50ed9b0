"""What shifts and overrides come to, without a gap, and as a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from icalendar import Calendar

from controller.decisions.on_call.periods import OnCallPeriod, periods
from controller.decisions.on_call.rota import Reachable, Source
from controller.decisions.on_call.rota_calendar import shifts_in
from controller.decisions.on_call.rota_feed import calendar_of_periods
from controller.model.maintenance import Frequency, Recurrence
from controller.model.notification.on_call import NamedChannel, OnCallPerson, RotaEvent, RotaOverride

ROTA = UUID(int=9)
SINCE = datetime(2027, 3, 8, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)
ANN = OnCallPerson(1, UUID(int=1), "ann@example.com")
BOB = OnCallPerson(2, UUID(int=2), "bob@example.com")
DESK = NamedChannel(3, UUID(int=3), "Service desk", "email")
REACHABLE = Reachable({one.email: one for one in (ANN, BOB)}, (DESK,))


def _shift(who: str, start: datetime, hours: float, recurrence: Recurrence | None = None) -> RotaEvent:
    start = start.replace(tzinfo=None)
    end = start + timedelta(hours=hours)
    return RotaEvent(
        uid=who + start.isoformat(),
        summary=who,
        time_zone="UTC",
        start=start,
        end=end,
        recurrence=recurrence,
        emails=(who,) if "@" in who else (),
    )


def _override(number: int, person: OnCallPerson, from_at: datetime, hours: float) -> RotaOverride:
    return RotaOverride(
        id=number,
        public_id=UUID(int=number),
        from_at=from_at,
        to_at=from_at + timedelta(hours=hours),
        person=person,
    )


def _hours(found: list[OnCallPeriod]) -> list[tuple[float, float, str, str]]:
    """Of each period: when, who, and by what."""
    return [
        (
            (one.from_at - SINCE) / timedelta(hours=1),
            (one.to_at - SINCE) / timedelta(hours=1),
            ", ".join(one.who.names),
            one.who.source.value,
        )
        for one in found
    ]


@pytest.mark.parametrize(
    ("events", "overrides", "expected"),
    [
        pytest.param([], [], [(0, 168, "", "nobody")], id="nothing is one gap"),
        pytest.param(
            [_shift("ann@example.com", SINCE + timedelta(hours=8), 10)],
            [],
            [(0, 8, "", "nobody"), (8, 18, "ann@example.com", "calendar"), (18, 168, "", "nobody")],
            id="gaps before and after a shift",
        ),
        pytest.param(
            [_shift("ann@example.com", SINCE - timedelta(hours=8), 300)],
            [_override(1, BOB, SINCE + timedelta(hours=20), 4)],
            [
                (0, 20, "ann@example.com", "calendar"),
                (20, 24, "bob@example.com", "override"),
                (24, 168, "ann@example.com", "calendar"),
            ],
            id="an override cuts a shift that is longer than the time asked for",
        ),
        pytest.param(
            [_shift("ann@example.com", SINCE, 84), _shift("ann@example.com", SINCE + timedelta(hours=84), 84)],
            [],
            [(0, 168, "ann@example.com", "calendar")],
            id="shifts of the same person that follow one another are one",
        ),
        pytest.param(
            [],
            [_override(1, BOB, SINCE, 100), _override(2, ANN, SINCE + timedelta(hours=50), 10)],
            [
                (0, 50, "bob@example.com", "override"),
                (50, 60, "ann@example.com", "override"),
                (60, 100, "bob@example.com", "override"),
                (100, 168, "", "nobody"),
            ],
            id="the override made last wins",
        ),
        pytest.param(
            [_shift("ann@example.com", SINCE, 168), _shift("Service desk", SINCE + timedelta(hours=10), 10)],
            [],
            [
                (0, 10, "ann@example.com", "calendar"),
                (10, 20, "ann@example.com, Service desk", "calendar"),
                (20, 168, "ann@example.com", "calendar"),
            ],
            id="shifts at one time are together",
        ),
    ],
)
def test_who_is_on_call_from_time_to_time(
    events: list[RotaEvent], overrides: list[RotaOverride], expected: list[tuple[float, float, str, str]]
) -> None:
    assert _hours(periods(events, overrides, REACHABLE, SINCE, UNTIL)) == expected


def test_a_shift_that_names_nobody_is_a_gap_that_says_so() -> None:
    [gap] = periods([_shift("Somebody", SINCE, 168)], [], REACHABLE, SINCE, UNTIL)
    assert (gap.who.source, gap.who.unknown) == (Source.NOBODY, ("Somebody",))


def test_the_calendar_has_who_is_on_call_and_is_understood_as_that_of_another_rota() -> None:
    daily = Recurrence(frequency=Frequency.DAILY)
    events = [
        _shift("ann@example.com", SINCE + timedelta(hours=8), 8, daily),
        _shift("Service desk", SINCE + timedelta(hours=16), 8, daily),
    ]
    overrides = [_override(1, BOB, SINCE + timedelta(hours=10), 2)]
    found = periods(events, overrides, REACHABLE, SINCE, UNTIL)
    content = calendar_of_periods(found, "First line", ROTA, "https://m.example.com/settings/rotas/9", SINCE)
    shown = Calendar.from_ical(content).walk("VEVENT")
    assert len({str(one["UID"]) for one in shown}) == len(shown) == sum(bool(one.who.names) for one in found)
    assert sum("by an override" in str(one["DESCRIPTION"]) for one in shown) == 1
    read, skipped = shifts_in(content, "UTC")
    assert skipped == []
    again = periods(read, [], REACHABLE, SINCE, UNTIL)
    assert [one[:3] for one in _hours(again)] == [one[:3] for one in _hours(found)]
