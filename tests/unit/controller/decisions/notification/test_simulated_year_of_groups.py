"""A simulated year with storms and monitors behind a gateway: few messages of an outage, and each incident in one."""

from __future__ import annotations

import random  # noqa: TID251 - chance is what is simulated
from collections import Counter
from functools import cache
from statistics import median

import pytest

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.grouping import GroupKind
from tests.bench.simulated.group_messages import Message
from tests.bench.simulated.grouping import Organization, Server, messages_by_reason, servers_of

MOST_MESSAGES = 3
YEARS = [pytest.param(120, 0, id="checked each two minutes"), pytest.param(300, 1, id="checked each five minutes")]


@cache
def year(interval: int, seed: int) -> tuple[list[Server], list[Message]]:
    chance = random.Random(seed)  # noqa: S311 - a repeatable year
    servers = servers_of(chance, single=9, shared=3, behind=2)
    return servers, Organization(servers, chance, interval).run().messages


@pytest.mark.parametrize(("interval", "seed"), YEARS)
def test_an_outage_is_one_message_at_the_median_and_never_more_than_three(interval: int, seed: int) -> None:
    counts = messages_by_reason(year(interval, seed)[1]).values()
    assert median(counts) == 1
    assert max(counts) <= MOST_MESSAGES


@pytest.mark.parametrize(("interval", "seed"), YEARS)
def test_no_outage_is_missed(interval: int, seed: int) -> None:
    servers, messages = year(interval, seed)
    seen = {
        name
        for server in servers
        for name, one in server.reasons
        if one.location is None and one.end - one.start > 3 * interval
    }
    assert seen
    assert seen <= messages_by_reason(messages).keys()


@pytest.mark.parametrize(("interval", "seed"), YEARS)
def test_that_an_incident_opened_and_ended_is_in_one_message_each(interval: int, seed: int) -> None:
    _, messages = year(interval, seed)
    opened = [one for message in messages for one in message.worse if one.kind is ChangeKind.OPENED]
    numbers = Counter(one.incident.number for one in opened)
    assert set(numbers.values()) == {1}
    assert numbers == Counter(one.incident.number for message in messages for one in message.ended)


def test_there_are_storms_in_the_year() -> None:
    _, messages = year(120, 0)
    assert any(one.kind is GroupKind.STORM and len(one.worse) > 1 for one in messages)
