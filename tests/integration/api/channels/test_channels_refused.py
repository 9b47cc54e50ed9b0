"""Refused fields of notification channels, and callers that see channels only in part or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from shared.nats.bus import Bus
from tests.integration.api.channels.channel_client import CHANNELS, HOOK, ChannelClient, message, open_channel_client
from tests.integration.api.conftest import CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


REFUSED = [
    pytest.param({"type": "pigeon"}, "type must be one of", id="an unknown type"),
    pytest.param({"name": " "}, "name", id="a blank name"),
    pytest.param({"config": []}, "config", id="a config that is a list"),
    pytest.param({"config": "nonsense"}, "config must be an object", id="a config that is no JSON text"),
    pytest.param({"config": "[1]"}, "config must be an object", id="a config that is JSON text of a list"),
    pytest.param({"config": {"email": "nobody"}}, "config.to", id="a malformed address"),
    pytest.param({"config": {"email": "a@example.net", "x": "\0"}}, "config", id="a config with a NUL"),
    pytest.param({"category": "integration"}, "category must be direct for email", id="the category of another type"),
    pytest.param({"priority": 0}, "priority must be from 1 to 1000", id="a priority of 0"),
    pytest.param({"delaySeconds": -1}, "delaySeconds must be from 0 to 86400", id="a negative delay"),
    pytest.param({"delaySeconds": "60"}, "delaySeconds", id="a delay that is a string"),
    pytest.param(
        {"conditions": {"minIncidentDuration": "5"}}, "conditions.minIncidentDuration", id="a duration that is a string"
    ),
    pytest.param({"allowedPackageTypes": [""]}, "allowedPackageTypes", id="a package type without a name"),
    pytest.param({"isActive": "yes"}, "isActive", id="a flag that is a string"),
    pytest.param({"customerId": "x"}, "Invalid Customer identifier", id="a malformed customer"),
    pytest.param(
        {"customerId": STRANGE_CUSTOMER}, "Invalid Customer identifier", id="a customer of another organization"
    ),
    pytest.param({"websiteId": 5}, "websiteId", id="a channel of a website"),
    pytest.param({"organizationId": 0}, "Invalid organizationId", id="organization 0"),
    pytest.param({"type": "sms", "config": {"phoneNumber": "12"}}, "config.phoneNumber", id="a malformed phone number"),
    pytest.param({"type": "webhook", "config": {}}, "config.url", id="a webhook without a URL"),
    pytest.param(
        {"type": "webhook", "config": {"url": "ftp://example.com/"}}, "config.url", id="a webhook with an FTP URL"
    ),
    pytest.param(
        {"type": "webhook", "config": {"url": "https://u:geheim@example.com/"}},
        "config.url must not hold a user name or password",
        id="a password in the URL",
    ),
    pytest.param(
        {"type": "webhook", "config": {"url": "http://10.0.0.1/"}},
        "config.url must not lead to a private address",
        id="a private address",
    ),
    pytest.param(
        {"type": "webhook", "config": {"url": "http://[::ffff:169.254.169.254]/latest"}},
        "config.url must not lead to a private address",
        id="an IPv4-mapped metadata address",
    ),
    pytest.param(
        {"type": "gotify", "config": {"url": "http://192.168.0.1", "token": "Abcdefghijklmno"}},
        "config.url must not lead to a private address",
        id="a service on a private address",
    ),
    pytest.param(
        {"type": "webhook", "config": {"url": "https://example.com/", "secret": "********"}},
        "config.secret is masked",
        id="a mask without a stored secret",
    ),
    pytest.param(
        {"type": "slack", "config": {"secret": "nonsense"}}, "config of slack needs", id="a malformed Slack hook"
    ),
    pytest.param({"forOps": True}, "forOps", id="a channel for ops that belongs to a customer"),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED)
async def test_a_bad_value_is_refused_by_name(channels: ChannelClient, fields: dict[str, Any], text: str) -> None:
    body = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}, **fields}
    if fields == {"forOps": True}:
        body["customerId"] = CUSTOMER
    status, error = message(await channels.client.post(CHANNELS, json=body))
    assert (status, text in error) == (400, True), error
    assert "geheim" not in error


async def test_a_change_is_refused_by_the_same_rules(channels: ChannelClient) -> None:
    made = await channels.create(**HOOK)
    for change, text in (
        ({"type": "email"}, "type cannot be changed"),
        ({"category": "integration"}, "category"),
        ({"config": {"url": "http://10.0.0.1/"}}, "config.url must not lead to a private address"),
        ({"config": {"url": None}}, "config.url"),
        ({"priority": 0}, "priority"),
    ):
        status, error = message(await channels.client.patch(f"{CHANNELS}/{made['id']}", json=change))
        assert (status, text in error) == (400, True), error
    assert await channels.stored(made["id"]) == HOOK["config"]
    for number, status in (("x", 400), ("0", 404), ("987654321", 404), ("9" * 30, 404), ("-1", 400)):
        answer = await channels.client.patch(f"{CHANNELS}/{number}", json={})
        assert answer.status_code == status, number


async def test_a_caller_that_may_not_change_a_channel_sees_only_the_host_of_its_url(channels: ChannelClient) -> None:
    api = channels.api
    await channels.create(**HOOK, customerId=CUSTOMER)
    reader = await person(api, Role.READONLY, organization=await organization_of(api, "Ours"), customers=[api.customer])
    del channels.client.headers["Authorization"]
    try:
        answer = await channels.client.get(CHANNELS, headers=reader.headers)
    finally:
        channels.client.headers["Authorization"] = api.client.headers["Authorization"]
    urls = {channel["config"].get("url") for channel in answer.json()}
    assert "http://127.0.0.1:9/…" in urls
    assert "of-the-url" not in answer.text


async def test_only_the_operating_organization_has_channels_for_ops(api: Api, channels: ChannelClient) -> None:
    made = await channels.create(forOps=True)
    assert made["forOps"] is True
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    body = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}, "forOps": True}
    status, error = message(await channels.client.post(CHANNELS, json=body, headers=headers))
    assert (status, error.startswith("forOps")) == (400, True)
    plain = (await channels.client.post(CHANNELS, json=body | {"forOps": False}, headers=headers)).json()
    answer = await channels.client.patch(f"{CHANNELS}/{plain['id']}", json={"forOps": True}, headers=headers)
    assert answer.status_code == 400


async def test_a_global_admin_names_the_organization_in_the_body(api: Api, channels: ChannelClient) -> None:
    operators = await api.value("INSERT INTO organization (name) VALUES ('Operators') RETURNING id")
    admin = await person(api, Role.GLOBAL_ADMIN, organization=operators)
    strange = await organization_of(api, "Strange")
    body: dict[str, Any] = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}}
    async with client_of(api.application) as client:
        nowhere = await client.post(CHANNELS, json=body, headers=admin.headers)
        made = await client.post(CHANNELS, json=body | {"organizationId": strange}, headers=admin.headers)
        unknown = await client.post(CHANNELS, json=body | {"organizationId": 987654321}, headers=admin.headers)
    assert message(nowhere) == (400, "Organization ID is required in the authenticated session")
    assert made.json()["organizationId"] == strange
    assert message(unknown) == (400, "Invalid organizationId")


async def test_a_channel_of_another_organization_is_not_found(api: Api, channels: ChannelClient) -> None:
    made = await channels.create(**HOOK)
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    for method, path, body in (
        ("PATCH", f"{CHANNELS}/{made['id']}", {"name": "N"}),
        ("DELETE", f"{CHANNELS}/{made['id']}", None),
        (
            "POST",
            CHANNELS,
            {"type": "webhook", "name": "N", "config": {"url": "http://127.0.0.1:9/"}, "sourceChannelId": made["id"]},
        ),
        ("POST", f"{CHANNELS}/test", {"type": "webhook", "config": {}, "channelId": made["id"]}),
    ):
        answer = await channels.client.request(method, path, json=body, headers=headers)
        assert message(answer) == (404, "Notification channel not found"), path
    listed = (await channels.client.get(CHANNELS, headers=headers)).json()
    assert made["id"] not in [channel["id"] for channel in listed]


async def test_an_organization_has_at_most_1000_channels(api: Api, channels: ChannelClient) -> None:
    strange = await organization_of(api, "Strange")
    await api.value(
        "INSERT INTO notification_channel (organization_id, type, name, config)"
        """ SELECT $1, 'email', 'N', '{"email": "a@example.net"}' FROM generate_series(1, 1000)""",
        strange,
    )
    body = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}}
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    status, error = message(await channels.client.post(CHANNELS, json=body, headers=headers))
    assert (status, error) == (400, "organizationId has 1000 notification channels, and may have no more")
    await api.value("DELETE FROM notification_channel WHERE organization_id = $1", strange)
