"""The incident and alert histories of a monitor, on their own routes and in its details."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.api.compat.uptimeify.incidents.history_items import alert_item, incident_item
from controller.model import Alert, Incident
from controller.store.incidents import incidents
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.outages import REASON, add_delivery, make_locations, outage

PATHS = pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/imap-pop-monitors"])
STARTED = datetime(2026, 2, 6, 12, 10, tzinfo=UTC)
UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"
RESOLVED = Incident(
    id=123,
    public_id=UUID(UNKNOWN_ID),
    type="downtime",
    severity="partial",
    reason="1 of 3 countries fail",
    started_at=STARTED,
    ended_at=STARTED + timedelta(minutes=2, seconds=30),
)


@PATHS
async def test_a_monitor_without_incidents_has_empty_histories(api: Api, path: str) -> None:
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
    made = (await api.client.post(path, json=body)).json()
    for history, key in (("incident-history", "incidents"), ("alert-history", "alerts")):
        answer = await api.client.get(f"{path}/{made['publicId']}/{history}")
        assert (answer.status_code, answer.json()) == (200, {key: [], "total": 0})


async def histories(api: Api, path: str, made: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The monitor's incidents and alerts. Asserts that the details route shows the same."""
    found = []
    for history, key in (("incident-history", "incidents"), ("alert-history", "alerts")):
        answer = await api.client.get(f"{path}/{made['publicId']}/{history}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["total"] == len(body[key])
        found.append(body[key])
    details = (await api.client.get(f"{path}/{made['publicId']}/details")).json()
    assert [incident["id"] for incident in details["incidents"]] == [incident["id"] for incident in found[0]]
    assert details["alerts"] == found[1]
    return found[0], found[1]


@PATHS
async def test_the_histories_of_a_monitor_list_its_incidents_and_alerts(api: Api, path: str) -> None:
    await make_locations(api)
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
    made, other = [(await api.client.post(path, json=body)).json() for _ in range(2)]
    ended = await outage(api, made, began=utc_now() - timedelta(minutes=30))
    await add_delivery(api, ended, "Ops Slack", "no such channel")
    async with api.database.transaction() as connection:
        await incidents.resolve(connection, ended.incident.id, reason="it passes")
    going_on = await outage(api, made, began=utc_now() - timedelta(minutes=3))
    await add_delivery(api, going_on, "Ops", None)
    await outage(api, other)

    found, alerts = await histories(api, path, made)
    assert [(one["id"], one["status"], one["isOngoing"]) for one in found] == [
        (going_on.incident.id, "active", True),
        (ended.incident.id, "resolved", False),
    ]
    assert [(one["type"], one["verdict"], one["details"]) for one in found] == [("downtime", "down", REASON)] * 2
    assert found[0]["publicId"] == str(going_on.incident.public_id)
    assert [(one["incidentId"], one["status"], one["channelName"], one["errorMessage"]) for one in alerts] == [
        (going_on.incident.id, "sent", "Ops", None),
        (ended.incident.id, "failed", "Ops Slack", "no such channel"),
    ]
    details = (await api.client.get(f"{path}/{made['publicId']}/details")).json()
    assert (details["verdict"]["verdict"], details["verdict"]["reason"]) == ("down", REASON)


async def test_an_incident_history_holds_the_latest_hundred(api: Api) -> None:
    await make_locations(api)
    made = await api.create()
    first = await outage(api, made)
    await api.value(
        "INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence,"
        " outage_started_at, started_at, resolved_at)"
        " SELECT organization_id, customer_id, monitor_id, severity, reason, evidence, outage_started_at,"
        " started_at - make_interval(mins => n), now() FROM incident, generate_series(1, 100) n WHERE id = $1",
        first.incident.id,
    )
    found, _ = await histories(api, "/api/smtp-monitors", made)
    assert (len(found), found[0]["id"]) == (100, first.incident.id)


@PATHS
@pytest.mark.parametrize("history", ["incident-history", "alert-history", "details"])
async def test_histories_are_found_only_below_the_path_of_the_monitors_type(api: Api, path: str, history: str) -> None:
    other = "/api/imap-pop-monitors" if "smtp" in path else "/api/smtp-monitors"
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
    made = (await api.client.post(other, json=body)).json()
    for public_id in (made["publicId"], uuid4()):
        answer = await api.client.get(f"{path}/{public_id}/{history}")
        assert answer.status_code == 404
        assert answer.json()["message"] == ("Not found" if "smtp" in path else "IMAP/POP monitor not found")


@pytest.mark.parametrize(
    ("lasted", "expected"),
    [
        pytest.param(timedelta(minutes=2, seconds=30), "2m 30s", id="as the vendor prints it"),
        pytest.param(timedelta(seconds=45, milliseconds=900), "45s", id="under a minute, whole seconds"),
        pytest.param(timedelta(0), "0s", id="no duration"),
        pytest.param(timedelta(hours=1, seconds=5), "1h 0m 5s", id="more than an hour"),
        pytest.param(timedelta(days=2, hours=3), "2d 3h 0m 0s", id="more than a day"),
    ],
)
def test_a_duration_is_formatted_as_the_vendor_does(lasted: timedelta, expected: str) -> None:
    assert (
        incident_item(
            msgspec.structs.replace(RESOLVED, ended_at=STARTED + lasted), STARTED + timedelta(days=9)
        ).duration
        == expected
    )


def test_incidents_have_the_documented_keys_and_timestamps_for_display() -> None:
    assert msgspec.to_builtins(incident_item(RESOLVED, STARTED)) == {
        "id": 123,
        "publicId": UNKNOWN_ID,
        "type": "downtime",
        "status": "resolved",
        "startedAt": "Feb 6, 2026, 12:10:00",
        "endedAt": "Feb 6, 2026, 12:12:30",
        "duration": "2m 30s",
        "durationMs": 150_000,
        "isOngoing": False,
        "verdict": "partial",
        "details": "1 of 3 countries fail",
    }
    ongoing = incident_item(msgspec.structs.replace(RESOLVED, ended_at=None), STARTED + timedelta(hours=1))
    assert (ongoing.status, ongoing.ended_at, ongoing.duration, ongoing.is_ongoing) == (
        "active",
        None,
        "1h 0m 0s",
        True,
    )


@pytest.mark.parametrize(("error", "status"), [(None, "sent"), ("refused", "failed")])
def test_alerts_have_the_documented_keys(error: str | None, status: str) -> None:
    alert = Alert(
        id=987, incident_id=123, channel_type="slack", channel_name="Ops", sent_at=STARTED, error_message=error
    )
    assert msgspec.to_builtins(alert_item(alert)) == {
        "id": 987,
        "incidentId": 123,
        "type": "slack",
        "status": status,
        "channelName": "Ops",
        "sentAt": "2026-02-06T12:10:00.000Z",
        "errorMessage": error,
    }
