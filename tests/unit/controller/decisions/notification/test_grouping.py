"""Which incidents have one cause, and how they are put into groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.notification.grouping import (
    Cause,
    GroupingSettings,
    GroupKind,
    OpenGroup,
    Placement,
    cause_of,
    placed,
    settings_of,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOST, OTHER_HOST, ADDRESS = "host mx.example.com", "host other.example.com", "addresses 192.0.2.1"
WEAK = "7 refused de fr"
BEHIND = "behind 42"
CAUSE = Cause((ADDRESS, HOST), WEAK, "mx.example.com (192.0.2.1)")


def group(
    number: int = 1,
    *keys: str,
    kind: GroupKind = GroupKind.CAUSE,
    weak: str | None = None,
    ago: float = 0.0,
    joined: int = 0,
) -> OpenGroup:
    return OpenGroup(number, kind, keys, weak, NOW - timedelta(seconds=ago), joined)


def storm(number: int, *, ago: float, joined: int = 0) -> OpenGroup:
    return group(number, kind=GroupKind.STORM, ago=ago, joined=joined)


def unlike(number: int, *, ago: float = 10.0) -> OpenGroup:
    """A group of another cause."""
    return group(number, f"host {number}.example.net", weak=f"{number} timeout de", ago=ago)


@pytest.mark.parametrize(
    ("groups", "where"),
    [
        pytest.param([], Placement(None), id="without groups an incident begins one"),
        pytest.param([unlike(1)], Placement(None), id="another cause is another group"),
        pytest.param([group(3, HOST)], Placement(3), id="the same host is the same cause"),
        pytest.param([group(3, ADDRESS, OTHER_HOST)], Placement(3), id="the same addresses are the same cause"),
        pytest.param([group(3, HOST, ago=90_000)], Placement(3), id="a strong key counts as long as the group is open"),
        pytest.param(
            [group(1, HOST, ago=20), group(2, ADDRESS, ago=10)], Placement(2), id="addresses go before the host name"
        ),
        pytest.param([group(5, HOST, ago=10), group(6, HOST, ago=20)], Placement(6), id="the older of two groups"),
        pytest.param([group(9, HOST), group(8, HOST)], Placement(8), id="of two as old, the one with the lower number"),
        pytest.param(
            [group(4, weak=WEAK, ago=60)], Placement(4), id="a weak key counts until the group is a minute old"
        ),
        pytest.param([group(4, weak=WEAK, ago=61)], Placement(None), id="a weak key does not count later"),
        pytest.param([group(4, weak=None)], Placement(None), id="a group that nobody may join is not joined"),
        pytest.param(
            [group(4, weak=WEAK, ago=50), group(5, HOST, ago=10)],
            Placement(5),
            id="a strong key goes before a weak one",
        ),
        pytest.param([unlike(n) for n in range(4)], Placement(None), id="as many causes as the limit are no storm"),
        pytest.param(
            [unlike(n) for n in range(5)],
            Placement(None, GroupKind.STORM, (0, 1, 2, 3, 4)),
            id="one more than the limit is a storm, which takes the others over",
        ),
        pytest.param(
            [unlike(n) for n in range(4)] + [unlike(4, ago=61)],
            Placement(None),
            id="a group older than a minute counts for no storm",
        ),
        pytest.param(
            [unlike(n) for n in range(5)] + [unlike(5, ago=60), unlike(6, ago=61)],
            Placement(None, GroupKind.STORM, (5, 0, 1, 2, 3, 4)),
            id="a storm takes over only what began within a minute",
        ),
        pytest.param(
            [unlike(n) for n in range(5)] + [group(9, HOST)], Placement(9), id="a known cause joins its own group first"
        ),
        pytest.param(
            [unlike(n) for n in range(5)] + [group(9, weak=WEAK)],
            Placement(9),
            id="a weak key goes before a new storm",
        ),
        pytest.param([storm(2, ago=300)], Placement(2), id="a storm takes in any cause for five minutes"),
        pytest.param([storm(2, ago=301, joined=4)], Placement(None), id="a storm that calmed down takes in no more"),
        pytest.param([storm(2, ago=9000, joined=5)], Placement(2), id="a storm that goes on takes in any cause"),
        pytest.param([storm(2, ago=100), group(3, HOST)], Placement(3), id="a strong key goes before a storm"),
        pytest.param(
            [storm(2, ago=100), group(3, weak=WEAK)], Placement(2), id="during a storm a weak key does not count"
        ),
        pytest.param([storm(2, ago=50), storm(1, ago=200)], Placement(1), id="the older of two storms"),
        pytest.param(
            [group(2, HOST, kind=GroupKind.STORM, ago=9000)],
            Placement(2),
            id="a cause of a storm joins it although that calmed down",
        ),
        pytest.param(
            [unlike(n) for n in range(4)] + [storm(9, ago=1000)],
            Placement(None),
            id="an old storm is none of the causes of a new one",
        ),
    ],
)
def test_where_an_incident_belongs(groups: list[OpenGroup], where: Placement) -> None:
    assert placed(CAUSE, groups, GroupingSettings(), NOW) == where
    assert placed(CAUSE, reversed(groups), GroupingSettings(), NOW) == where


@pytest.mark.parametrize(
    ("groups", "where"),
    [
        pytest.param([group(3, BEHIND, ago=600)], Placement(3), id="what is behind the same monitor, for ten minutes"),
        pytest.param([group(3, BEHIND, ago=601)], Placement(None), id="not later, when it may be another outage"),
        pytest.param([group(3, "behind 43")], Placement(None), id="not what is behind another monitor"),
        pytest.param([group(2, BEHIND), group(3, HOST)], Placement(3), id="a strong key goes before it"),
        pytest.param([storm(2, ago=100), group(3, BEHIND)], Placement(3), id="it goes before a storm"),
    ],
)
def test_where_an_incident_behind_a_monitor_belongs(groups: list[OpenGroup], where: Placement) -> None:
    cause = CAUSE._replace(behind=("behind 41", BEHIND))
    assert placed(cause, groups, GroupingSettings(), NOW) == where
    assert placed(CAUSE, [group(3, BEHIND)], GroupingSettings(), NOW) == Placement(None)


@pytest.mark.parametrize(
    ("settings", "groups", "where"),
    [
        pytest.param(GroupingSettings(enabled=False), [group(1, HOST)], Placement(None), id="off, each is alone"),
        pytest.param(
            GroupingSettings(group_seconds=600), [group(1, weak=WEAK, ago=600)], Placement(1), id="soon is what is set"
        ),
        pytest.param(
            GroupingSettings(storm_limit=1),
            [unlike(1)],
            Placement(None, GroupKind.STORM, (1,)),
            id="with a limit of one, two causes are a storm",
        ),
        pytest.param(
            GroupingSettings(storm_limit=7),
            [storm(1, ago=400, joined=6)],
            Placement(None),
            id="it calms below its limit",
        ),
    ],
)
def test_where_it_belongs_by_the_settings(
    settings: GroupingSettings, groups: list[OpenGroup], where: Placement
) -> None:
    assert placed(CAUSE, groups, settings, NOW) == where


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({}, CAUSE, id="the addresses come before the host, locations in order"),
        pytest.param({"hosts": ["MX.Example.COM"]}, CAUSE, id="a host is the same in capitals"),
        pytest.param(
            {"addresses": set()}, Cause((HOST,), WEAK, "mx.example.com"), id="without addresses only the host counts"
        ),
        pytest.param(
            {"addresses": {"192.0.2.9", "192.0.2.1"}},
            Cause(("addresses 192.0.2.1 192.0.2.9", HOST), WEAK, "mx.example.com (192.0.2.1, 192.0.2.9)"),
            id="several addresses are one key, in order",
        ),
        pytest.param(
            {"hosts": ["192.0.2.1"]},
            Cause((ADDRESS, "host 192.0.2.1"), WEAK, "192.0.2.1"),
            id="a server named by its address is named once",
        ),
        pytest.param(
            {"hosts": ["a", "b", "c", "d", "e", "f"], "addresses": ()},
            Cause(tuple(f"host {one}" for one in "abcdef"), WEAK, "a, b, c, d and 2 more"),
            id="of many hosts the words name four, the keys all",
        ),
        pytest.param(
            {"hosts": [], "addresses": ()}, Cause((), WEAK, "Bakery"), id="without a server the customer is named"
        ),
        pytest.param(
            {"failure": None, "locations": []},
            Cause((ADDRESS, HOST), "7  ", CAUSE.words),
            id="without failing locations the weak key is the customer",
        ),
    ],
)
def test_the_cause(changes: dict[str, Any], cause: Cause) -> None:
    given: dict[str, Any] = {
        "hosts": ["mx.example.com"],
        "addresses": {"192.0.2.1"},
        "customer_id": 7,
        "customer": "Bakery",
        "failure": "refused",
        "locations": ["fr", "de"],
    }
    assert cause_of(**(given | changes)) == cause


@pytest.mark.parametrize(
    ("organization", "customer", "settings"),
    [
        pytest.param(None, None, GroupingSettings(), id="nothing set is the defaults"),
        pytest.param({}, {}, GroupingSettings(), id="empty settings are the defaults"),
        pytest.param(
            {"stormLimit": 9},
            None,
            GroupingSettings(storm_limit=9),
            id="what the organization sets holds for customers",
        ),
        pytest.param(
            {"stormLimit": 9, "groupSeconds": 30},
            {"groupSeconds": 90},
            GroupingSettings(storm_limit=9, group_seconds=90),
            id="what a customer sets goes first, field by field",
        ),
        pytest.param(
            {"enabled": False},
            {"enabled": True},
            GroupingSettings(),
            id="a customer may have it although others do not",
        ),
    ],
)
def test_the_settings(
    organization: dict[str, Any] | None, customer: dict[str, Any] | None, settings: GroupingSettings
) -> None:
    assert settings_of(organization, customer) == settings
