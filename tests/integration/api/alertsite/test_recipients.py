"""Documented statements about AlertSite's recipients and test alerts ([D] in the reference, 2.7 and 3.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import make_person, messages, request
from tests.integration.api.conftest import CUSTOMER, Api

PATH = "/api/v3/recipients"
BODY = {"name": "On call", "recipient": "oncall@example.com"}
OFFERED = "method_id must be 1 and 12 (e-mail), 6 (SMS), 10 (POST to web server), 16 (JSON POST) and 17 (ServiceNow)"
LACKING = {
    2: "Alphanumeric pager",
    3: "Numeric pager",
    4: "E-mail to wireless",
    5: "Numeric pager",
    8: "SNMP v1 trap",
    9: "SNMP v2c trap",
    11: "Telephone",
    15: "Splunk",
}
"""Documented methods that Mailprobe does not offer."""
KEYS = (
    *("id", "name", "method_id", "method_description", "recipient", "username", "availability_alert"),
    *("notify_on_clear", "performance_alert", "performance_alert_type", "repeat_performance_alerts"),
    *("start_threshold", "stop_threshold", "attach_screen_capture", "attach_server_response", "remote_commands"),
    *("blackout_ids", "notifier_groups", "customer_id"),
)


@pytest.fixture(autouse=True)
async def _no_channels(api: Api) -> None:
    await api.value("DELETE FROM notification_channel")


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={**BODY, **fields})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    assert isinstance(answer.json()["id"], str)
    return await recipient(api, answer.json()["id"])


async def recipient(api: Api, number: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(api: Api, query: str = "") -> list[int]:
    answer = await api.client.get(f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["results"]]


async def test_a_recipient_has_the_documented_keys_and_defaults(api: Api) -> None:
    made = await make(api)
    assert tuple(made) == KEYS
    assert (made["method_id"], made["method_description"], made["recipient"]) == (
        12,
        "E-mail (HTML)",
        BODY["recipient"],
    )
    assert (made["availability_alert"], made["notify_on_clear"], made["performance_alert"]) == (True, False, False)
    assert (made["attach_screen_capture"], made["attach_server_response"]) == (False, False)
    assert (made["blackout_ids"], made["notifier_groups"]) == (None, None)
    assert (made["start_threshold"], made["stop_threshold"]) == (1, 0)


async def test_a_recipient_is_a_notification_channel(api: Api) -> None:
    made = await make(api)
    [channel] = (await api.client.get("/api/v1/channels")).json()["items"]
    assert (channel["name"], channel["config"]) == ("On call", {"type": "email", "to": ["oncall@example.com"]})
    assert await api.value("SELECT id FROM notification_channel") == made["id"]


async def test_a_channel_made_elsewhere_is_a_recipient_that_hears_of_the_end(api: Api) -> None:
    body = {"name": "Chat", "config": {"type": "slack", "webhookUrl": "https://hooks.slack.com/services/T0/B0/x"}}
    made = await api.client.post("/api/v1/channels", json=body)
    assert made.status_code == 201, made.text
    [number] = await listed(api)
    found = await recipient(api, number)
    assert (found["method_id"], found["method_description"], found["recipient"]) == (None, "slack", "Chat")
    assert (found["availability_alert"], found["notify_on_clear"]) == (True, True)
    changed = await api.client.patch(f"{PATH}/{number}", json={"notify_on_clear": False, "name": "Room"})
    assert changed.json() == {"id": str(number)}
    found = await recipient(api, number)
    assert (found["name"], found["notify_on_clear"], found["method_id"]) == ("Room", False, None)
    refused = await api.client.patch(f"{PATH}/{number}", json={"recipient": "x@example.com"})
    assert messages(refused.json(), 400) == [
        "invalid_request - recipient can be changed only where this slack channel was made"
    ]


@pytest.mark.parametrize(
    ("fields", "type_"),
    [
        pytest.param({"method_id": 1}, "email", id="1 is an e-mail"),
        pytest.param({"method_id": "12"}, "email", id="12, also as a string"),
        pytest.param({"method_id": 6, "recipient": "+4930123456"}, "sms", id="6 is a text message"),
        pytest.param({"method_id": 10, "recipient": "https://example.com/in"}, "webhook", id="10 is a POST"),
        pytest.param({"method_id": 16, "recipient": "https://example.com/in"}, "webhook", id="16 is a JSON POST"),
        pytest.param(
            {"method_id": 17, "recipient": "https://x.service-now.com", "username": "u", "password": "p"},
            "servicenow",
            id="17 is ServiceNow",
        ),
    ],
)
async def test_methods_are_types_of_channels(api: Api, fields: dict[str, Any], type_: str) -> None:
    made = await make(api, **fields)
    assert made["method_id"] == int(fields["method_id"])
    assert await api.value("SELECT type FROM notification_channel") == type_


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "name must be a string of printable characters"),
        ({"name": ""}, "name must be 1 to 255 characters"),
        ({"recipient": None}, "recipient must be a string of printable characters"),
        ({"recipient": "nobody"}, "recipient must have an e-mail address"),
        ({"method_id": 6, "recipient": "nobody"}, "recipient must be a phone number such as +4930123456"),
        ({"method_id": 16, "recipient": "ftp://x"}, "recipient must be an http or https URL"),
        ({"method_id": 14}, "method_id must not be 14: PagerDuty recipients cannot be created by API"),
        *(({"method_id": number}, f"{OFFERED}: {name} is not offered") for number, name in LACKING.items()),
        ({"method_id": 7}, OFFERED),
        ({"method_id": "x"}, "method_id must be a whole number from 1 to 17"),
        ({"notify_on_clear": "yes"}, "notify_on_clear must be true or false"),
        ({"start_threshold": 0}, "start_threshold must be a whole number from 1 to 1000"),
        ({"stop_threshold": -1}, "stop_threshold must be a whole number from 0 to 1000"),
        ({"customer_id": 987654321}, "customer_id is not that of a customer of this account"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, fields: dict[str, Any], message: str) -> None:
    answer = await api.client.post(PATH, json={**BODY, **fields})
    [found] = messages(answer.json(), 400)
    assert found.startswith(f"invalid_request - {message}"), found
    assert await listed(api) == []


async def test_all_mistakes_are_named_together(api: Api) -> None:
    answer = await api.client.post(PATH, json={"start_threshold": 0})
    assert [one.split(" ")[2] for one in messages(answer.json(), 400)] == ["start_threshold", "name", "recipient"]


async def test_documented_fields_are_stored_and_returned(api: Api) -> None:
    fields = {
        "availability_alert": False,
        "notify_on_clear": True,
        "performance_alert": True,
        "performance_alert_type": "20",
        "repeat_performance_alerts": True,
        "start_threshold": 3,
        "stop_threshold": 10,
        "attach_screen_capture": True,
        "attach_server_response": True,
        "remote_commands": True,
    }
    made = await make(api, **fields)
    assert {name: made[name] for name in fields} == fields
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"recipient": "night@example.com", "method_id": 1})
    assert (answer.status_code, answer.json()) == (200, {"id": str(made["id"])})
    changed = await recipient(api, made["id"])
    assert {name: changed[name] for name in fields} == fields
    assert (changed["recipient"], changed["method_id"]) == ("night@example.com", 1)


async def test_a_password_is_never_shown(api: Api) -> None:
    made = await make(api, method_id=16, recipient="https://example.com/in", username="us", password="qV7xH2kW")
    assert made["username"] == "us"
    whole = (await api.client.get(PATH)).text
    assert "qV7xH2kW" not in whole
    assert "Basic" not in whole


async def test_a_method_cannot_become_another_kind_of_channel(api: Api) -> None:
    made = await make(api)
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"method_id": 16})
    assert messages(answer.json(), 400) == [
        "invalid_request - method_id cannot be changed to another kind of recipient than email"
    ]


async def test_lists_are_filtered_and_paged(api: Api) -> None:
    first = await make(api)
    second = await make(api, method_id=6, recipient="+4930123456", availability_alert=False, performance_alert=True)
    third = await make(api)
    numbers = [one["id"] for one in (first, second, third)]
    assert await listed(api) == numbers
    assert await listed(api, "?type=Availability") == [numbers[0], numbers[2]]
    assert await listed(api, "?type=Performance") == [numbers[1]]
    assert await listed(api, "?method_id=6") == [numbers[1]]
    assert await listed(api, "?method_id=17") == []
    answer = (await api.client.get(f"{PATH}?limit=1&offset=1")).json()
    assert [one["id"] for one in answer["results"]] == [numbers[1]]
    assert answer["metadata"] == {
        "__permissions": {"acl": 7},
        "resultset": {"count": 1, "limit": "1", "offset": "1", "total": 3},
    }


async def test_deleting_answers_204_and_then_404(api: Api) -> None:
    made = await make(api)
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    answer = await api.client.get(f"{PATH}/{made['id']}")
    assert messages(answer.json(), 404) == ["Record not found"]
    assert messages((await api.client.delete(f"{PATH}/{made['id']}")).json(), 404) == ["Record not found"]


async def test_a_body_needs_a_content_type(api: Api) -> None:
    answer = await api.client.post(PATH, content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_only_some_roles_may_change_recipients(api: Api) -> None:
    await make_person(api, "reader@example.com", "correct horse", role="readonly")
    token = (
        await request(
            api, "POST", "/access-tokens", json={"username": "reader@example.com", "password": "correct horse"}
        )
    ).body["access_token"]
    answer = await request(api, "POST", "/recipients", token=token, json=BODY)
    assert messages(answer.body, 403) == ["Forbidden"]


async def test_a_customers_recipient(api: Api) -> None:
    number = await api.value("SELECT id FROM customer WHERE public_id = $1::uuid", CUSTOMER)
    assert (await make(api, customer_id=number))["customer_id"] == number


async def test_a_test_alert_needs_no_recipient(api: Api) -> None:
    answer = await api.client.post("/api/v3/test-notifiers", json={})
    assert [one.split(" ")[2] for one in messages(answer.json(), 400)] == ["method_id", "recipient"]
    answer = await api.client.post("/api/v3/test-notifiers", json={"method_id": 12, "recipient": "nobody"})
    [found] = messages(answer.json(), 400)
    assert found.startswith("invalid_request - recipient must have an e-mail address")
    answer = await api.client.post("/api/v3/test-notifiers", json={"method_id": 6, "recipient": "+4930123456"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": False, "message": "no text message service is configured (MAILPROBE_SMS_URL)"},
    )
    answer = await api.client.post(
        "/api/v3/test-notifiers", json={"method_id": 12, "recipient": "a@example.com", "location_id": 987654}
    )
    assert messages(answer.json(), 400) == [
        "invalid_request - location_id must name known locations: 987654 is unknown"
    ]
    assert await listed(api) == []
