"""How the values of a caller are stored: defaults, normalization, and fields that a PATCH leaves unchanged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integration.api.conftest import CUSTOMER, Api


async def test_a_field_that_is_not_sent_takes_its_default(api: Api) -> None:
    made = await api.create()
    expected: dict[str, Any] = {
        "port": None,
        "status": "active",
        "checkInterval": 30,
        "checkIntervalSeconds": 1800,
        "timeoutSeconds": 30,
        "allowedCheckCountryCodes": None,
        "config": {},
        "smtpConfig": {},
        "notificationEmail": None,
    }
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param({"status": "paused"}, {"status": "disabled"}, id="paused is disabled"),
        pytest.param({"status": "inactive"}, {"status": "disabled"}, id="inactive is disabled"),
        pytest.param({"status": "maintenance"}, {"status": "maintenance"}, id="maintenance stays"),
        pytest.param(
            {"checkInterval": 1440}, {"checkIntervalSeconds": 86400, "timeoutSeconds": 30}, id="a day in minutes"
        ),
        pytest.param(
            {"checkIntervalSeconds": 10},
            {"checkInterval": 1, "checkIntervalSeconds": 10, "timeoutSeconds": 10},
            id="ten seconds are rounded up to a minute, and are the timeout's default",
        ),
        pytest.param(
            {"checkIntervalSeconds": 90, "checkInterval": 5},
            {"checkInterval": 2, "checkIntervalSeconds": 90},
            id="seconds win over minutes",
        ),
        pytest.param(
            {"allowedCheckCountryCodes": []},
            {"allowedCheckCountryCodes": None},
            id="an empty list of countries is null",
        ),
        pytest.param(
            {"allowedCheckCountryCodes": ["us", "DE", "US", "de"]},
            {"allowedCheckCountryCodes": ["US", "DE"]},
            id="countries are upper-cased, each once, in order",
        ),
        pytest.param(
            {"port": 587.0, "checkIntervalSeconds": 9e1, "timeoutSeconds": 20.0},
            {"port": 587, "checkIntervalSeconds": 90, "timeoutSeconds": 20},
            id="a whole number may have a fraction of zero",
        ),
        pytest.param({"hostname": "Bücher.example"}, {"hostname": "Bücher.example"}, id="IDNA is stored as given"),
        pytest.param({"hostname": "2001:DB8::25"}, {"hostname": "2001:DB8::25"}, id="an IPv6 literal"),
        pytest.param({"hostname": "192.0.2.25"}, {"hostname": "192.0.2.25"}, id="an IPv4 literal"),
        pytest.param({"port": None}, {"port": None}, id="a port of null"),
        pytest.param(
            {"smtpConfig": {"secure": "true", "ignoreTls": 0, "x": {"y": [1.5, None]}}},
            {"config": {"secure": "true", "ignoreTls": 0, "x": {"y": [1.5, None]}}},
            id="a config is kept as sent, unknown keys included",
        ),
        pytest.param(
            {"smtpConfig": {"a": 1}, "config": {"b": 2}}, {"config": {"a": 1}}, id="smtpConfig wins over its alias"
        ),
        pytest.param(
            {"smtpConfig": {}, "config": {"b": 2}}, {"config": {}}, id="smtpConfig wins even when it is empty"
        ),
        pytest.param(
            {"smtpConfig": None, "config": {"b": 2}}, {"config": {"b": 2}}, id="smtpConfig does not win when it is null"
        ),
        pytest.param({"config": {"secure": True}}, {"smtpConfig": {"secure": True}}, id="the alias config by itself"),
        pytest.param({"smtpConfig": None}, {"config": {}}, id="a config of null is empty"),
        pytest.param(
            {"notificationEmail": "ops@example.com", "notificationPhoneNumber": "+4930123456"},
            {"notificationEmail": "ops@example.com", "notificationPhoneNumber": "+4930123456"},
            id="the receivers of notifications",
        ),
        pytest.param({"nonsense": {"x": 1}}, {"name": "Outbound SMTP"}, id="unknown fields are ignored"),
        pytest.param({"name": "😀 Ünïcode"}, {"name": "😀 Ünïcode"}, id="any printable name"),
    ],
)
async def test_a_value_is_stored(api: Api, sent: dict[str, Any], stored: dict[str, Any]) -> None:
    made = await api.create(**sent)
    read = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}")).json()
    for answer in (made, read):
        assert {name: answer[name] for name in stored} == stored


@pytest.mark.parametrize("customer", ["number", "digits", "UUID", "UUID in capitals"])
async def test_a_customer_is_named_by_number_or_uuid(api: Api, customer: str) -> None:
    forms: dict[str, int | str] = {
        "number": api.customer,
        "digits": str(api.customer),
        "UUID": CUSTOMER,
        "UUID in capitals": CUSTOMER.upper(),
    }
    assert (await api.create(customerId=forms[customer]))["customerId"] == api.customer


async def test_a_patch_replaces_the_config_and_null_leaves_it(api: Api) -> None:
    made = await api.create(smtpConfig={"secure": True, "x": 1})
    path = f"/api/smtp-monitors/{made['publicId']}"
    assert (await api.client.patch(path, json={"smtpConfig": None})).json()["config"] == {"secure": True, "x": 1}
    assert (await api.client.patch(path, json={"config": {"y": 2}})).json()["config"] == {"y": 2}
    assert (await api.client.patch(path, json={"name": "other"})).json()["config"] == {"y": 2}
    assert (await api.client.patch(path, json={"smtpConfig": {}})).json()["config"] == {}


async def test_a_patch_of_minutes_sets_the_seconds_too(api: Api) -> None:
    made = await api.create(checkIntervalSeconds=90)
    changed = (await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"checkInterval": 2})).json()
    assert (changed["checkInterval"], changed["checkIntervalSeconds"]) == (2, 120)


async def test_a_port_can_be_removed(api: Api) -> None:
    made = await api.create(port=587)
    changed = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"port": None})
    assert changed.json()["port"] is None


async def test_an_interval_shorter_than_the_stored_timeout_is_refused(api: Api) -> None:
    made = await api.create(timeoutSeconds=30)
    answer = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"checkIntervalSeconds": 20})
    assert (answer.status_code, "timeoutSeconds" in answer.json()["message"]) == (400, True)


async def test_concurrent_patches_of_different_fields_all_take_effect(api: Api) -> None:
    made = await api.create()
    path = f"/api/smtp-monitors/{made['publicId']}"

    await asyncio.gather(
        *(api.client.patch(path, json=body) for body in ({"name": "new"}, {"port": 2525}, {"status": "paused"}))
    )
    read = (await api.client.get(path)).json()
    assert (read["name"], read["port"], read["status"]) == ("new", 2525, "disabled")


async def test_pages_follow_each_other_without_overlap(api: Api) -> None:
    made = [(await api.create(name=f"paged {number}"))["publicId"] for number in range(5)]
    paged = []
    for page in (1, 2, 3):
        answer = await api.client.get("/api/smtp-monitors", params={"search": "paged", "page": page, "perPage": 2})
        body = answer.json()
        assert (body["total"], body["page"], body["perPage"]) == (5, page, 2)
        paged += [item["publicId"] for item in body["items"]]
    assert paged == made
    beyond = (await api.client.get("/api/smtp-monitors", params={"search": "paged", "page": 9})).json()
    assert (beyond["items"], beyond["total"]) == ([], 5)


@pytest.mark.parametrize("search", ["Needle", "nEEdle", "needle.example", "100%_", "\\"])
async def test_search_matches_name_and_hostname_literally_and_ignores_case(api: Api, search: str) -> None:
    await api.create(name="in the haystack")
    matching = {
        (await api.create(name="a NEEDLE 100%_\\"))["publicId"],
        (await api.create(name="100%_\\", hostname="needle.example"))["publicId"],
    }
    items = (await api.client.get("/api/smtp-monitors", params={"search": search, "perPage": 200})).json()["items"]
    found = {item["publicId"] for item in items}
    assert found & matching
    assert all(search.lower() in f"{item['name']} {item['hostname']}".lower() for item in items)


async def test_search_finds_by_customer_name(api: Api) -> None:
    made = await api.create(customerId=api.other_customer)
    found = (await api.client.get("/api/smtp-monitors", params={"search": "other cust", "perPage": 200})).json()
    assert made["publicId"] in {item["publicId"] for item in found["items"]}
