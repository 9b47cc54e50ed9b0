"""How a receiver hears of the incidents of a group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.group_messages import (
    GroupReceiver,
    Waiting,
    Way,
    next_message_at,
    partial_end_at,
    wait_until,
    way,
)
from controller.decisions.notification.grouping import GroupingSettings, GroupKind
from tests.unit.controller.decisions.notification.one_receiver import OneReceiver

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN, OTHER = 1, 2


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


ALONE = GroupReceiver(1, 1, 1, NOW, OWN)
SEVERAL = GroupReceiver(3, 2, 2, NOW, None)
NOTHING_LEFT = GroupReceiver(0, 0, 1, NOW, None)


@pytest.mark.parametrize(
    ("kind", "group", "known", "waits", "how"),
    [
        pytest.param("opened", GroupKind.CAUSE, None, False, Way.AT_ONCE, id="the first incident is told at once"),
        pytest.param(
            "opened", GroupKind.STORM, None, False, Way.TOGETHER, id="the first of a storm is told as a storm"
        ),
        pytest.param("escalated", GroupKind.STORM, None, False, Way.TOGETHER, id="what got worse in a storm too"),
        pytest.param("resolved", GroupKind.STORM, None, False, Way.AT_ONCE, id="an end is not told as a storm"),
        pytest.param(
            "opened",
            GroupKind.CAUSE,
            NOTHING_LEFT,
            False,
            Way.AT_ONCE,
            id="who hears of none of the group any more is told at once",
        ),
        pytest.param(
            "opened", GroupKind.CAUSE, GroupReceiver(1, 1, 1, NOW, OTHER), False, Way.TOGETHER, id="the second waits"
        ),
        pytest.param("opened", GroupKind.CAUSE, SEVERAL, False, Way.TOGETHER, id="what joins waits for a message"),
        pytest.param("escalated", GroupKind.CAUSE, SEVERAL, False, Way.TOGETHER, id="what got worse waits for one"),
        pytest.param("resolved", GroupKind.CAUSE, SEVERAL, False, Way.TOGETHER, id="an end waits for one"),
        pytest.param("eased", GroupKind.CAUSE, SEVERAL, False, Way.ALONG, id="what got better goes along"),
        pytest.param("flapping", GroupKind.CAUSE, SEVERAL, False, Way.ALONG, id="that one is unstable goes along"),
        pytest.param("escalated", GroupKind.CAUSE, ALONE, False, Way.AT_ONCE, id="the only incident is told at once"),
        pytest.param("eased", GroupKind.CAUSE, ALONE, False, Way.AT_ONCE, id="that the only one got better too"),
        pytest.param("resolved", GroupKind.CAUSE, ALONE, False, Way.AT_ONCE, id="the end of the only one too"),
        pytest.param("escalated", GroupKind.STORM, ALONE, True, Way.TOGETHER, id="unless that it opened waits"),
        pytest.param("eased", GroupKind.STORM, ALONE, True, Way.ALONG, id="and what got better goes along then"),
    ],
)
def test_how_a_change_is_told(kind: str, group: GroupKind, known: GroupReceiver | None, waits: bool, how: Way) -> None:
    assert way(kind, OWN, group, known, is_waiting=waits) is how


def test_every_kind_of_change_has_a_way() -> None:
    ways = {kind: way(kind, OWN, GroupKind.CAUSE, SEVERAL) for kind in ChangeKind}
    assert {kind for kind, how in ways.items() if how is Way.ALONG} == {ChangeKind.EASED, ChangeKind.FLAPPING}


@pytest.mark.parametrize(
    ("known", "from_seconds", "at_seconds"),
    [
        pytest.param(None, 5, 5, id="a receiver that knows nothing hears at once"),
        pytest.param(SEVERAL._replace(messages=0), 5, 5, id="nothing sent yet: at once"),
        pytest.param(SEVERAL._replace(messages=1), 5, 60, id="a minute after the first message"),
        pytest.param(SEVERAL._replace(messages=1), 900, 900, id="at once when that is long over"),
        pytest.param(SEVERAL._replace(messages=2), 5, 300, id="five minutes after the second"),
        pytest.param(SEVERAL._replace(messages=9), 5, 300, id="five minutes after each later one"),
        pytest.param(SEVERAL, 400, 400, id="not before the receiver may hear of it"),
        pytest.param(SEVERAL._replace(open_incidents=0), 5, 5, id="at once after the end of all that it knew of"),
        pytest.param(SEVERAL._replace(messages=1, open_incidents=0), 5, 5, id="even if only one message was sent"),
    ],
)
def test_when_the_next_message_may_be_sent(known: GroupReceiver | None, from_seconds: float, at_seconds: float) -> None:
    assert next_message_at(known, GroupingSettings(), after(from_seconds)) == after(at_seconds)


def test_the_pauses_are_those_of_the_settings() -> None:
    settings = GroupingSettings(group_seconds=10, group_update_seconds=30)
    assert next_message_at(SEVERAL._replace(messages=1), settings, NOW) == after(10)
    assert next_message_at(SEVERAL, settings, NOW) == after(30)


@pytest.mark.parametrize(
    ("update_seconds", "at_seconds"),
    [
        pytest.param(300, 1000, id="a quarter of an hour after it"),
        pytest.param(3600, 3600, id="and not within the pause between updates"),
    ],
)
def test_when_an_end_may_be_told_while_others_are_open(update_seconds: int, at_seconds: float) -> None:
    settings = GroupingSettings(group_update_seconds=update_seconds)
    assert partial_end_at(SEVERAL, settings, after(100)) == after(at_seconds)


@pytest.mark.parametrize(
    ("waiting", "open_incidents", "at_seconds"),
    [
        pytest.param(Waiting(0, 0, None, None), 2, None, id="nothing waits for anything"),
        pytest.param(Waiting(0, 0, None, after(50)), 2, 50, id="later, when more may be told"),
        pytest.param(Waiting(1, 0, None, None), 2, None, id="what got worse is told now"),
        pytest.param(Waiting(1, 0, None, after(50)), 2, None, id="without waiting for more"),
        pytest.param(Waiting(1, 1, NOW, None), 2, None, id="with what ended"),
        pytest.param(Waiting(0, 2, NOW, None), 0, None, id="when all is over that is told now"),
        pytest.param(Waiting(0, 1, NOW, None), 1, 900, id="while others are open an end waits a quarter of an hour"),
        pytest.param(Waiting(0, 1, after(-899), None), 1, 1, id="counted from the first end"),
        pytest.param(Waiting(0, 1, after(-900), None), 1, None, id="and is told then"),
        pytest.param(Waiting(0, 1, NOW, after(50)), 1, 50, id="or goes along with what may be told earlier"),
        pytest.param(Waiting(0, 1, after(-880), after(50)), 1, 20, id="but does not wait longer for that"),
    ],
)
def test_how_long_a_message_waits(waiting: Waiting, open_incidents: int, at_seconds: float | None) -> None:
    expected = None if at_seconds is None else after(at_seconds)
    assert wait_until(waiting, open_incidents, NOW) == expected


@given(
    st.sampled_from(GroupKind),
    st.lists(st.tuples(st.integers(0, 1200), st.booleans(), st.integers(0, 50)), max_size=60),
    st.integers(10, 600),
    st.integers(30, 7200),
)
def test_a_receiver_hears_of_each_incident_once_and_of_its_end_and_not_too_often(
    kind: GroupKind, steps: list[tuple[int, bool, int]], group_seconds: int, update_seconds: int
) -> None:
    settings = GroupingSettings(group_seconds=group_seconds, group_update_seconds=update_seconds)
    receiver = OneReceiver(kind, settings, NOW)
    receiver.open()
    for seconds, opens, which in steps:
        receiver.pass_time(timedelta(seconds=seconds))
        if opens:
            receiver.open()
        else:
            receiver.resolve(which)
        if not receiver.still_open:
            break
    while receiver.still_open:
        receiver.resolve(0)
    receiver.pass_time(timedelta(seconds=update_seconds))

    opened = [number for message in receiver.messages for number in message.opened]
    ended = [number for message in receiver.messages for number in message.ended]
    assert len(opened) == len(set(opened)), "an outage was told twice"
    assert sorted(ended) == sorted(opened), "not every end was told, once"
    assert {*opened, *receiver.dropped} == set(range(receiver.incidents))
    before_the_end = [message.at for message in receiver.messages if message.still_open]
    for number, (earlier, later) in enumerate(pairwise(before_the_end)):
        pause = group_seconds if number == 0 else update_seconds
        assert (later - earlier).total_seconds() >= pause
    assert len(receiver.messages) - len(before_the_end) <= 1, "the end of all was told more than once"
