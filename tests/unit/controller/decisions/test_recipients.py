"""Who is notified of which change, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.evaluation.state import Severity
from controller.decisions.notification.recipients import (
    Affected,
    Audience,
    OwnerScope,
    RecipientChannel,
    audience,
    receivers,
)
from controller.decisions.notification.retries import PAUSES, pause_after

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOWN, PARTIAL = Severity.DOWN, Severity.PARTIAL


def affected(**fields: Any) -> Affected:
    plain = Affected(False, True, "basic", AT, {}, {})
    return plain._replace(**fields)


MAINTENANCE = affected(in_maintenance=True)
SILENT = affected(notify_on_error=False)

OWN = RecipientChannel(None, "email", OwnerScope.MONITOR, ("own@example.com",))
OF_CUSTOMER = RecipientChannel(None, "email", OwnerScope.CUSTOMER, ("customer@example.com",))
MONITORS = RecipientChannel(1, "webhook", OwnerScope.MONITOR, ("Hook",), "Hook")
CUSTOMERS = RecipientChannel(2, "slack", OwnerScope.CUSTOMER, ("Chat",), "Chat")
ORGANIZATIONS = RecipientChannel(3, "email", OwnerScope.ORGANIZATION, ("noc@example.com", "boss@example.com"), "NOC")


@pytest.mark.parametrize(
    ("kind", "severity", "about", "expected"),
    [
        pytest.param("opened", DOWN, affected(), Audience.EVERYBODY, id="an outage is sent to everybody"),
        pytest.param(
            "opened",
            PARTIAL,
            affected(),
            Audience.NEAREST,
            id="a regional outage is sent to the monitor's own channels",
        ),
        pytest.param(
            "escalated", DOWN, affected(), Audience.EVERYBODY, id="a regional outage that spread is sent to everybody"
        ),
        pytest.param(
            "eased", PARTIAL, affected(), Audience.FOLLOWERS, id="an outage that eased is sent to those notified before"
        ),
        pytest.param(
            "flapping", DOWN, affected(), Audience.FOLLOWERS, id="a flapping outage is sent to those notified before"
        ),
        pytest.param(
            "resolved", DOWN, affected(), Audience.FOLLOWERS, id="a recovery is sent to those notified before"
        ),
        pytest.param(
            "resolved",
            PARTIAL,
            affected(),
            Audience.FOLLOWERS,
            id="a recovery of a regional outage is sent to those notified before",
        ),
        pytest.param("acknowledged", DOWN, affected(), Audience.NOBODY, id="an acknowledgement is sent to nobody"),
        pytest.param("commented", DOWN, affected(), Audience.NOBODY, id="a comment is sent to nobody"),
        pytest.param("opened", DOWN, MAINTENANCE, Audience.NOBODY, id="an outage in maintenance is sent to nobody"),
        pytest.param(
            "escalated", DOWN, MAINTENANCE, Audience.NOBODY, id="an escalation in maintenance is sent to nobody"
        ),
        pytest.param(
            "flapping", DOWN, MAINTENANCE, Audience.NOBODY, id="a flapping outage in maintenance is sent to nobody"
        ),
        pytest.param(
            "resolved",
            DOWN,
            MAINTENANCE,
            Audience.FOLLOWERS,
            id="a recovery in maintenance is sent to those notified before",
        ),
        pytest.param(
            "opened", DOWN, SILENT, Audience.NOBODY, id="with notify_on_error off an outage is sent to nobody"
        ),
        pytest.param(
            "resolved", DOWN, SILENT, Audience.NOBODY, id="with notify_on_error off a recovery is sent to nobody"
        ),
    ],
)
def test_a_change_has_its_audience(kind: str, severity: Severity, about: Affected, expected: Audience) -> None:
    assert audience(kind, severity, about) is expected


def notified(
    channels: list[RecipientChannel], audience: Audience = Audience.EVERYBODY, about: Affected | None = None
) -> list[str]:
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
            id="everybody is notified, the nearest first, at each address of a channel",
        ),
        pytest.param(
            ALL,
            Audience.NEAREST,
            affected(),
            ["Hook", "own@example.com"],
            id="of a regional outage the monitor's own channels are notified and no other",
        ),
        pytest.param(
            [OF_CUSTOMER, CUSTOMERS],
            Audience.NEAREST,
            affected(),
            ["customer@example.com"],
            id="of a regional outage the monitor's address is notified, which is its customer's",
        ),
        pytest.param(
            ALL,
            Audience.EVERYBODY,
            affected(channels={"integrations": False, "email": False}),
            ["Hook", "own@example.com"],
            id="the monitor's own channels are used even if the organization uses no e-mail and no integrations",
        ),
        pytest.param(
            ALL,
            Audience.EVERYBODY,
            affected(targets={"email": "customer", "integrations": "organization"}),
            ["Hook", "own@example.com"],
            id="e-mail may go only to customers, and integrations only to the organization",
        ),
        pytest.param(
            [ORGANIZATIONS._replace(packages=frozenset({"gold"})), CUSTOMERS._replace(packages=frozenset({"basic"}))],
            Audience.EVERYBODY,
            affected(),
            ["Chat"],
            id="only channels for the customer's package are used",
        ),
        pytest.param(
            [ORGANIZATIONS._replace(packages=frozenset())],
            Audience.EVERYBODY,
            affected(package=None),
            [],
            id="a channel for no package is not used",
        ),
        pytest.param([], Audience.EVERYBODY, affected(), [], id="without channels nobody is notified"),
    ],
)
def test_an_outage_is_sent_to_these(
    channels: list[RecipientChannel], audience: Audience, about: Affected, expected: list[str]
) -> None:
    assert notified(channels, audience, about) == expected


def test_an_address_is_notified_once_however_many_channels_name_it() -> None:
    again = RecipientChannel(4, "email", OwnerScope.ORGANIZATION, ("OWN@example.com", "noc@example.com"), "Again")
    assert notified([ORGANIZATIONS, again, OWN]) == ["own@example.com", "noc@example.com", "boss@example.com"]


def test_addresses_that_differ_in_more_than_upper_and_lower_case_are_two() -> None:
    streets = RecipientChannel(4, "email", OwnerScope.MONITOR, ("straße@example.com", "strasse@example.com"), "Streets")
    assert notified([streets]) == ["straße@example.com", "strasse@example.com"]


def test_of_several_channels_to_an_address_the_earliest_is_taken() -> None:
    slow = ORGANIZATIONS._replace(delay_seconds=60, scope=OwnerScope.MONITOR)
    fast = RecipientChannel(5, "email", OwnerScope.ORGANIZATION, ("noc@example.com",), "Fast")
    found = {one.receiver: one.channel_id for one in receivers([slow, fast], Audience.EVERYBODY, affected(), AT)}
    assert found == {"noc@example.com": 5, "boss@example.com": 3}


def test_two_channels_of_one_name_are_two() -> None:
    assert notified([MONITORS, MONITORS._replace(id=9)]) == ["Hook", "Hook"]


@pytest.mark.parametrize(
    ("channel", "about", "seconds"),
    [
        pytest.param(MONITORS, affected(), 0, id="a channel without a delay is notified at once"),
        pytest.param(MONITORS._replace(delay_seconds=90), affected(), 90, id="a channel is notified after its delay"),
        pytest.param(
            MONITORS._replace(least_seconds=300),
            affected(),
            300,
            id="a channel is notified once the outage lasted long enough",
        ),
        pytest.param(
            MONITORS._replace(least_seconds=300, delay_seconds=400),
            affected(),
            400,
            id="the later of delay and duration counts",
        ),
        pytest.param(
            MONITORS._replace(least_seconds=300),
            affected(started_at=AT - timedelta(seconds=250)),
            50,
            id="an outage that became worse has lasted for a while already",
        ),
    ],
)
def test_nothing_is_sent_before(channel: RecipientChannel, about: Affected, seconds: int) -> None:
    (found,) = receivers([channel], Audience.EVERYBODY, about, AT)
    assert found.not_before == (AT + timedelta(seconds=seconds) if seconds else None)


def test_pauses_grow_to_a_day_and_then_it_has_failed() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, len(PAUSES) + 1)]
    assert pauses == sorted(PAUSES)
    assert pauses[-1] == timedelta(hours=24)
    assert pause_after(len(PAUSES) + 1) is None


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        pytest.param(Audience.NEAREST, [], id="a regional outage is not for it"),
        pytest.param(Audience.EVERYBODY, ["Hook"], id="a full one is, and one that became full"),
    ],
)
def test_a_channel_for_full_outages_only(level: Audience, expected: list[str]) -> None:
    found = receivers([MONITORS._replace(only_full=True)], level, affected(), AT)
    assert [one.receiver for one in found] == expected
