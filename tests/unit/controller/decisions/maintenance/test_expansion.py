"""Which occurrences are stored, over any course of edits: what has been stays, what is to come is as planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.maintenance.expansion import AHEAD, coming, expanded
from controller.decisions.maintenance.occurrences import Occurrence, Timetable, occurrences
from controller.model.maintenance import Frequency, Recurrence, StoredOccurrence

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 3, 27, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _daily(start: str, hours: float, zone: ZoneInfo = BERLIN) -> Timetable:
    first = datetime.fromisoformat(start)
    return Timetable(zone, first, first + hours * HOUR, Recurrence(Frequency.DAILY))


TABLES = st.builds(
    Timetable,
    st.sampled_from([BERLIN, ZoneInfo("UTC"), ZoneInfo("America/New_York")]),
    st.datetimes(datetime(2027, 3, 20), datetime(2027, 4, 3)),
    st.none(),
    st.none(),
).flatmap(
    lambda table: st.tuples(st.timedeltas(timedelta(minutes=5), 3 * DAY), st.sampled_from([None, *Frequency])).map(
        lambda drawn: table._replace(
            end=table.start + drawn[0], recurrence=None if drawn[1] is None else Recurrence(drawn[1])
        )
    )
)


@given(
    st.lists(st.tuples(st.timedeltas(timedelta(minutes=1), 5 * DAY), st.none() | TABLES), min_size=1, max_size=6),
    st.lists(st.timedeltas(-9 * DAY, 30 * DAY), min_size=20, max_size=20),
)
def test_edits_change_what_is_to_come_and_nothing_before(
    edits: list[tuple[timedelta, Timetable | None]], probes: list[timedelta]
) -> None:
    stored: dict[datetime, StoredOccurrence] = {}
    now = NOW
    for passed, table in edits:
        now += passed
        before = dict(stored)
        lasting = [one for one in stored.values() if one.to_at is None or one.to_at > now]
        for one in lasting:
            del stored[one.planned_at]
        stored |= {one.planned_at: one for one in expanded(lasting, table, now, anew=True)}
        computed = [] if table is None else occurrences(table, now, now + AHEAD)
        for at in (now, *(NOW + probe for probe in probes)):
            holds = any(one.holds(at) for one in stored.values())
            if at < now:
                assert holds is any(one.holds(at) for one in before.values()), at
            elif at < now + AHEAD:
                assert holds is any(one.holds(at) for one in computed), at


def test_expanding_again_changes_nothing() -> None:
    table = _daily("2027-03-01 02:00", 2)
    first = expanded([], table, NOW)
    assert expanded(first, table, NOW + timedelta(seconds=1)) == first


def test_other_rules_of_the_zone_move_what_is_to_come() -> None:
    """As when a country gives up summer time: the clock's times stay, their instants do not."""
    before, after = _daily("2027-03-01 02:30", 1), _daily("2027-03-01 02:30", 1, ZoneInfo("Etc/GMT-1"))
    stored = expanded([], before, NOW)
    assert {one.from_at.hour for one in stored} == {0}
    assert {one.from_at.hour for one in expanded(stored, after, NOW)} == {1}


def test_one_under_way_when_the_window_is_made_begins_at_that_moment() -> None:
    stored = expanded([], _daily("2027-03-01 12:00", 4), NOW)
    assert stored[0] == StoredOccurrence(NOW - HOUR, NOW, NOW + 3 * HOUR)


def test_a_disabled_window_ends_now_and_has_no_more() -> None:
    table = _daily("2027-03-01 12:00", 4)
    stored = expanded([], table, NOW - HOUR)
    assert expanded(stored, None, NOW) == [stored[0]._replace(to_at=NOW)]


def test_what_was_moved_stays_moved_until_the_times_change() -> None:
    table = _daily("2027-03-01 12:00", 4)
    moved = expanded([], table, NOW)[0]._replace(to_at=NOW + HOUR / 2, moved=True)
    assert expanded([moved], table, NOW + HOUR)[0] == moved
    again = expanded([moved], table, NOW + HOUR, anew=True)
    assert again[0] == StoredOccurrence(moved.planned_at, NOW + HOUR, NOW + 3 * HOUR)


def test_coming_are_five_with_one_under_way_first() -> None:
    table = _daily("2027-03-27 02:00", 2)
    found = coming([], table, NOW, 5)
    assert [one.seconds for one in found] == [3600, 7200, 7200, 7200, 7200]
    under_way = StoredOccurrence(found[0].from_at, NOW - HOUR, NOW + HOUR, moved=True)
    assert coming([under_way], table, NOW, 2) == [Occurrence(NOW - HOUR, NOW + HOUR), found[1]]


def test_coming_leaves_out_what_somebody_ended() -> None:
    table = _daily("2027-03-01 12:00", 4)
    ended = StoredOccurrence(NOW - HOUR, NOW - HOUR, NOW - HOUR / 2, moved=True)
    assert coming([ended], table, NOW, 1)[0].from_at == NOW - HOUR + 23 * HOUR


def test_coming_shows_what_a_change_of_the_clock_leaves_nothing_of() -> None:
    found = coming([], _daily("2027-03-27 02:30", 0.5), NOW, 2)
    assert [(one.is_empty, one.seconds) for one in found] == [(True, 0), (False, 1800)]


def test_an_occurrence_that_would_end_beyond_the_calendar_has_no_end() -> None:
    first = datetime(9996, 12, 30)
    table = Timetable(BERLIN, first, first + 3 * DAY, Recurrence(Frequency.YEARLY))
    found = occurrences(table, datetime(9998, 6, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    assert [one.to_at for one in found] == [datetime(9999, 1, 1, 23, tzinfo=UTC), None]
