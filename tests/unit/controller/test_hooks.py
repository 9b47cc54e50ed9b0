"""What on-call services call back: which of it is genuine, and what is read from it."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.errors import InvalidError
from controller.notify.handover.hooks import HOOKS, HookAction, HookEvent

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-subscription"
KEY = "22222222-2222-4222-8222-222222222222"
BODY = b'{"event": "\xc3\xa4"}'


def signature(secret: str = SECRET, body: bytes = BODY) -> str:
    return "v1=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def pagerduty(**fields: Any) -> bytes:
    event = {
        "id": "5ac64822",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2026-03-01T11:59:30.000Z",
        "agent": {"id": "PXPGF42", "type": "user_reference", "summary": "Jane Doe"},
        "data": {"id": "PT4KHLK", "type": "incident", "incident_key": KEY, "status": "acknowledged"},
        **fields,
    }
    return json.dumps({"event": event}).encode()


def opsgenie(action: str = "Acknowledge", **alert: Any) -> bytes:
    given = {"alertId": "052652ac", "alias": KEY, "username": "jane@example.com", "updatedAt": 1420452224764002246}
    return json.dumps({"source": {"name": "", "type": "web"}, "alert": given | alert, "action": action}).encode()


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        pytest.param(signature(), True, id="signed"),
        pytest.param(f"{signature('the old one')},{signature()}", True, id="the secret is being replaced"),
        pytest.param(f"{signature()} , v1=00", True, id="with spaces"),
        pytest.param(signature("another"), False, id="by another secret"),
        pytest.param(signature(body=BODY + b" "), False, id="of another body"),
        pytest.param(signature().upper(), False, id="in capitals"),
        pytest.param(signature().removeprefix("v1="), False, id="without version"),
        pytest.param("v2=" + signature()[3:], False, id="another version"),
        pytest.param("v1=ä", False, id="no ASCII"),
        pytest.param("v1=", False, id="empty"),
        pytest.param("", False, id="none"),
    ],
)
def test_a_webhook_of_pagerduty_must_be_signed(header: str, genuine: bool) -> None:
    assert HOOKS["pagerduty"].is_genuine({"x-pagerduty-signature": header}, BODY, SECRET) is genuine
    assert not HOOKS["pagerduty"].is_genuine({}, BODY, SECRET)


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        pytest.param(f"Bearer {SECRET}", True, id="the secret"),
        pytest.param(f"bearer  {SECRET} ", True, id="written otherwise"),
        pytest.param(f"Bearer {SECRET}x", False, id="more"),
        pytest.param(f"Basic {SECRET}", False, id="another scheme"),
        pytest.param(SECRET, False, id="no scheme"),
        pytest.param("Bearer ä", False, id="no ASCII"),
        pytest.param("", False, id="none"),
    ],
)
def test_a_webhook_of_opsgenie_must_bring_the_secret(header: str, genuine: bool) -> None:
    assert HOOKS["opsgenie"].is_genuine({"authorization": header}, BODY, SECRET) is genuine


@pytest.mark.parametrize(
    ("service", "body", "event"),
    [
        pytest.param("pagerduty", pagerduty(), HookEvent(HookAction.ACKNOWLEDGE, KEY, "PagerDuty: Jane Doe"), id="ack"),
        pytest.param(
            "pagerduty",
            pagerduty(event_type="incident.resolved"),
            HookEvent(HookAction.RESOLVE, KEY, "PagerDuty: Jane Doe"),
            id="resolved",
        ),
        pytest.param("pagerduty", pagerduty(event_type="incident.priority_updated"), None, id="something else"),
        pytest.param(
            "pagerduty",
            pagerduty(event_type="pagey.ping", data={"message": "Hello", "type": "ping"}, agent=None),
            None,
            id="PagerDuty tries the webhook",
        ),
        pytest.param(
            "pagerduty",
            pagerduty(agent={"type": "events_api_v2_inbound_integration_reference", "summary": "Mailprobe"}),
            None,
            id="because of our own event",
        ),
        pytest.param("pagerduty", pagerduty(agent=None), None, id="by nobody"),
        pytest.param("pagerduty", pagerduty(data={"id": "P"}), None, id="without a key"),
        pytest.param(
            "pagerduty",
            pagerduty(agent={"type": "user_reference", "summary": "\x00\n"}),
            HookEvent(HookAction.ACKNOWLEDGE, KEY, "PagerDuty"),
            id="a name that cannot be shown",
        ),
        pytest.param(
            "opsgenie", opsgenie(), HookEvent(HookAction.ACKNOWLEDGE, KEY, "Opsgenie: jane@example.com"), id="og ack"
        ),
        pytest.param(
            "opsgenie", opsgenie("Close"), HookEvent(HookAction.RESOLVE, KEY, "Opsgenie: jane@example.com"), id="closed"
        ),
        pytest.param("opsgenie", opsgenie("AddNote"), None, id="a note"),
        pytest.param("opsgenie", opsgenie(alias=None), None, id="without alias"),
    ],
)
def test_what_is_read(service: str, body: bytes, event: HookEvent | None) -> None:
    assert HOOKS[service].read(body, NOW) == event


@pytest.mark.parametrize(
    ("age", "fits"),
    [
        pytest.param(timedelta(hours=23), True, id="sent again for a day"),
        pytest.param(timedelta(hours=25), False, id="replayed"),
        pytest.param(-timedelta(minutes=4), True, id="its clock is ahead"),
        pytest.param(-timedelta(minutes=6), False, id="of the future"),
    ],
)
def test_a_signed_event_is_not_taken_for_ever(age: timedelta, fits: bool) -> None:
    body = pagerduty(occurred_at=(NOW - age).isoformat())
    if fits:
        assert HOOKS["pagerduty"].read(body, NOW)
    else:
        with pytest.raises(InvalidError) as refused:
            HOOKS["pagerduty"].read(body, NOW)
        assert refused.value.field == "event.occurred_at"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_moment_that_utc_cannot_say_is_refused(at: str) -> None:
    with pytest.raises(InvalidError) as refused:
        HOOKS["pagerduty"].read(pagerduty(occurred_at=at), NOW)
    assert refused.value.field == "event.occurred_at"


@pytest.mark.parametrize("service", HOOKS)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"event": 1, "alert": 1, "action": 1}', id="numbers"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(pagerduty(occurred_at="yesterday"), id="no time"),
        pytest.param(pagerduty(data={"incident_key": 5}), id="a number for a key"),
    ],
)
def test_an_odd_body_is_refused(service: str, body: bytes) -> None:
    with pytest.raises(InvalidError):
        HOOKS[service].read(body, NOW)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(InvalidError, match="time zone"):
        HOOKS["pagerduty"].read(pagerduty(occurred_at="2026-03-01T11:59:30"), NOW)
