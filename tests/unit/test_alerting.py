"""Who is told of what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.evaluation.state import Severity
from controller.decisions.notification.recipients import Affected, Audience, Channel, Scope, audience, receivers
from controller.decisions.notification.retries import PAUSES, pause_after
from controller.model import MonitorStatus

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOWN, PARTIAL = Severity.DOWN, Severity.PARTIAL


def affected(**fields: Any) -> Affected:
    plain = Affected(MonitorStatus.ACTIVE, True, "basic", AT, {}, {})
    return plain._replace(**fields)


MAINTENANCE = affected(status=MonitorStatus.MAINTENANCE)
SILENT = affected(notify_on_error=False)

OWN = Channel(None, "email", Scope.MONITOR, ("own@example.com",))
OF_CUSTOMER = Channel(None, "email", Scope.CUSTOMER, ("customer@example.com",))
MONITORS = Channel(1, "webhook", Scope.MONITOR, ("Hook",), "Hook")
CUSTOMERS = Channel(2, "slack", Scope.CUSTOMER, ("Chat",), "Chat")
ORGANIZATIONS = Channel(3, "email", Scope.ORGANIZATION, ("noc@example.com", "boss@example.com"), "NOC")


@pytest.mark.parametrize(
    ("kind", "severity", "about", "expected"),
    [
        pytest.param("opened", DOWN, affected(), Audience.EVERYBODY, id="an outage: everybody"),
        pytest.param("opened", PARTIAL, affected(), Audience.NEAREST, id="a regional outage: the monitor's own"),
        pytest.param("escalated", DOWN, affected(), Audience.EVERYBODY, id="regional became all: everybody"),
        pytest.param("eased", PARTIAL, affected(), Audience.FOLLOWERS, id="less bad: who was told"),
        pytest.param("flapping", DOWN, affected(), Audience.FOLLOWERS, id="comes and goes: who was told"),
        pytest.param("resolved", DOWN, affected(), Audience.FOLLOWERS, id="over: who was told"),
        pytest.param("resolved", PARTIAL, affected(), Audience.FOLLOWERS, id="a regional one over: who was told"),
        pytest.param("acknowledged", DOWN, affected(), Audience.NOBODY, id="acknowledged: nobody"),
        pytest.param("commented", DOWN, affected(), Audience.NOBODY, id="commented: nobody"),
        pytest.param("opened", DOWN, MAINTENANCE, Audience.NOBODY, id="in maintenance: nobody"),
        pytest.param("escalated", DOWN, MAINTENANCE, Audience.NOBODY, id="worse in maintenance: nobody"),
        pytest.param("flapping", DOWN, MAINTENANCE, Audience.NOBODY, id="comes and goes in maintenance: nobody"),
        pytest.param("resolved", DOWN, MAINTENANCE, Audience.FOLLOWERS, id="over in maintenance: who was told before"),
        pytest.param("opened", DOWN, SILENT, Audience.NOBODY, id="notify_on_error is off: nobody"),
        pytest.param("resolved", DOWN, SILENT, Audience.NOBODY, id="over, and notify_on_error is off: nobody"),
    ],
)
def test_a_change_has_its_audience(kind: str, severity: Severity, about: Affected, expected: Audience) -> None:
    assert audience(kind, severity, about) is expected


def told(channels: list[Channel], audience: Audience = Audience.EVERYBODY, about: Affected | None = None) -> list[str]:
    return [found.receiver for found in receivers(channels, audience, about or affected(), AT)]


ALL = [ORGANIZATIONS, CUSTOMERS, MONITORS, OWN]


@pytest.mark.parametrize(
    ("channels", "audience", "about", "expected"),
    [
        pytest.param(
            ALL,
            Audience.EVERYBODY,
            affected(),
            ["Hook", "own@example.com", "Chat", "noc@example.com", "boss@example.com"],
            id="everybody, the nearest first, each address of a channel",
        ),
        pytest.param(
            ALL,
            Audience.NEAREST,
            affected(),
            ["Hook", "own@example.com"],
            id="regional: the monitor's own and no other",
        ),
        pytest.param(
            [OF_CUSTOMER, CUSTOMERS],
            Audience.NEAREST,
            affected(),
            ["customer@example.com"],
            id="regional: the monitor's address, which is its customer's",
        ),
        pytest.param(
            ALL,
            Audience.EVERYBODY,
            affected(channels={"integrations": False, "email": False}),
            ["Hook", "own@example.com"],
            id="the organization uses no e-mail and no integrations: the monitor's own are used all the same",
        ),
        pytest.param(
            ALL,
            Audience.EVERYBODY,
            affected(targets={"email": "customer", "integrations": "organization"}),
            ["Hook", "own@example.com"],
            id="e-mail only to customers, integrations only of the organization",
        ),
        pytest.param(
            [ORGANIZATIONS._replace(packages=frozenset({"gold"})), CUSTOMERS._replace(packages=frozenset({"basic"}))],
            Audience.EVERYBODY,
            affected(),
            ["Chat"],
            id="only channels for the customer's package",
        ),
        pytest.param(
            [ORGANIZATIONS._replace(packages=frozenset())],
            Audience.EVERYBODY,
            affected(package=None),
            [],
            id="a channel for no package",
        ),
        pytest.param([], Audience.EVERYBODY, affected(), [], id="no channels"),
    ],
)
def test_an_outage_is_told_on_these(
    channels: list[Channel], audience: Audience, about: Affected, expected: list[str]
) -> None:
    assert told(channels, audience, about) == expected


def test_an_address_is_told_once_however_many_channels_name_it() -> None:
    again = Channel(4, "email", Scope.ORGANIZATION, ("OWN@example.com", "noc@example.com"), "Again")
    assert told([ORGANIZATIONS, again, OWN]) == ["own@example.com", "noc@example.com", "boss@example.com"]


def test_of_several_ways_to_an_address_the_first_to_tell_is_taken() -> None:
    slow = ORGANIZATIONS._replace(delay_seconds=60, scope=Scope.MONITOR)
    fast = Channel(5, "email", Scope.ORGANIZATION, ("noc@example.com",), "Fast")
    found = {one.receiver: one.channel_id for one in receivers([slow, fast], Audience.EVERYBODY, affected(), AT)}
    assert found == {"noc@example.com": 5, "boss@example.com": 3}


def test_two_channels_of_one_name_are_two() -> None:
    assert told([MONITORS, MONITORS._replace(id=9)]) == ["Hook", "Hook"]


@pytest.mark.parametrize(
    ("channel", "about", "seconds"),
    [
        pytest.param(MONITORS, affected(), 0, id="at once"),
        pytest.param(MONITORS._replace(delay_seconds=90), affected(), 90, id="after the channel's delay"),
        pytest.param(MONITORS._replace(least_seconds=300), affected(), 300, id="once it lasted long enough"),
        pytest.param(MONITORS._replace(least_seconds=300, delay_seconds=400), affected(), 400, id="whichever is later"),
        pytest.param(
            MONITORS._replace(least_seconds=300),
            affected(started_at=AT - timedelta(seconds=250)),
            50,
            id="it lasted a while already, when it became worse",
        ),
    ],
)
def test_it_is_told_not_before(channel: Channel, about: Affected, seconds: int) -> None:
    (found,) = receivers([channel], Audience.EVERYBODY, about, AT)
    assert found.not_before == (AT + timedelta(seconds=seconds) if seconds else None)


def test_pauses_grow_to_a_day_and_then_it_has_failed() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, len(PAUSES) + 1)]
    assert pauses == sorted(PAUSES)
    assert pauses[-1] == timedelta(hours=24)
    assert pause_after(len(PAUSES) + 1) is None
