"""The examples that Uptimeify's pages print, answered as printed."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.api.conftest import CUSTOMER, Api

CREATE = {
    "customerId": CUSTOMER,
    "name": "Outbound SMTP",
    "hostname": "smtp.example.com",
    "port": 587,
    "status": "active",
    "checkInterval": 60,
    "timeoutSeconds": 30,
    "smtpConfig": {
        "secure": False,
        "ignoreTls": False,
        "requireTls": False,
        "auth": {"user": "username", "pass": "password"},
    },
}
UPDATE = {
    "name": "Outbound SMTP (Primary)",
    "hostname": "smtp.example.com",
    "port": 587,
    "status": "paused",
    "checkInterval": 60,
    "timeoutSeconds": 30,
    "allowedCheckCountryCodes": ["de", "us"],
    "smtpConfig": {"secure": False, "requireTls": True, "auth": {"user": "username", "pass": "password"}},
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_create_answers_the_printed_object_with_our_own_fields_added(api: Api) -> None:
    answer = await api.client.post("/api/smtp-monitors", json=CREATE)
    assert answer.status_code == 200
    made: dict[str, Any] = answer.json()
    moments = {made.pop("createdAt"), made.pop("updatedAt")}
    assert all(MOMENT.fullmatch(text) for text in moments)
    assert isinstance(made.pop("id"), int)
    assert re.fullmatch(r"[0-9a-f-]{36}", made.pop("publicId"))
    assert made == {
        "organizationId": await api.value("SELECT id FROM organization WHERE name = 'Ours'"),
        "customerId": api.customer,
        "name": "Outbound SMTP",
        "hostname": "smtp.example.com",
        "port": 587,
        "status": "active",
        "checkInterval": 60,
        "checkIntervalSeconds": 3600,
        "timeoutSeconds": 30,
        "allowedCheckCountryCodes": None,
        "notificationEmail": None,
        "notificationPhoneNumber": None,
        "lastCheckedAt": None,
        "config": CREATE["smtpConfig"],
        "smtpConfig": CREATE["smtpConfig"],
    }


async def test_update_answers_the_printed_object(api: Api) -> None:
    made = await api.create()
    answer = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json=UPDATE)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["id"] == made["id"]
    assert {name: changed[name] for name in ("name", "hostname", "port", "status", "checkInterval")} == {
        "name": "Outbound SMTP (Primary)",
        "hostname": "smtp.example.com",
        "port": 587,
        "status": "disabled",
        "checkInterval": 60,
    }
    assert changed["allowedCheckCountryCodes"] == ["DE", "US"]
    assert changed["config"] == changed["smtpConfig"] == UPDATE["smtpConfig"]
    assert "customerName" not in changed


async def test_the_printed_status_change_changes_nothing_else(api: Api) -> None:
    made = await api.create(**{name: CREATE[name] for name in ("port", "smtpConfig", "checkInterval")})
    answer = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"status": "disabled"})
    assert answer.status_code == 200
    same = {**made, "status": "disabled"}
    changed = answer.json()
    del same["updatedAt"], changed["updatedAt"]
    assert changed == same


async def test_get_masks_the_password_and_names_the_customer(api: Api) -> None:
    made = await api.create(smtpConfig=CREATE["smtpConfig"])
    answer = await api.client.get(f"/api/smtp-monitors/{made['publicId']}")
    assert answer.status_code == 200
    read = answer.json()
    masked = {**CREATE["smtpConfig"], "auth": {"user": "username", "pass": "********"}}  # type: ignore[dict-item]
    assert read["config"] == read["smtpConfig"] == masked
    assert read["customerName"] == "Example Customer"
    assert list(read["config"]) == ["secure", "ignoreTls", "requireTls", "auth"], "the order of keys is the user's"


async def test_the_list_has_the_printed_envelope(api: Api) -> None:
    made = await api.create(smtpConfig=CREATE["smtpConfig"], name="Only One Of This Name")
    answer = await api.client.get("/api/smtp-monitors", params={"search": "only one OF"})
    assert answer.status_code == 200
    page = answer.json()
    assert list(page) == ["items", "total", "page", "perPage"]
    assert (page["total"], page["page"], page["perPage"]) == (1, 1, 50)
    (item,) = page["items"]
    assert item["publicId"] == made["publicId"]
    assert item["customerName"] == "Example Customer"
    assert item["config"]["auth"]["pass"] == "********"
    assert "smtpConfig" not in item


async def test_delete_takes_the_monitor_away(api: Api) -> None:
    made = await api.create()
    path = f"/api/smtp-monitors/{made['publicId']}"
    answer = await api.client.delete(path)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for again in (await api.client.delete(path), await api.client.get(path), await api.client.patch(path, json={})):
        assert (again.status_code, again.json()["message"]) == (404, "Not found")
    assert await api.value("SELECT deleted_at IS NOT NULL FROM monitor WHERE id = $1", made["id"])
