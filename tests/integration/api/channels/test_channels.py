"""Creating, listing, changing and deleting notification channels. Secrets are stored encrypted and never shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.nats.bus import Bus
from tests.integration.api.channels.channel_client import (
    CHANNELS,
    HOOK,
    SECRET,
    ChannelClient,
    message,
    open_channel_client,
)
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import organization_of


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


async def test_a_channel_has_the_documented_keys_and_defaults(channels: ChannelClient) -> None:
    made = await channels.create()
    organization = await organization_of(channels.api, "Ours")
    assert made == {
        "id": made["id"],
        "organizationId": organization,
        "customerId": None,
        "websiteId": None,
        "monitorId": None,
        "smtpMonitorId": None,
        "imapPopMonitorId": None,
        "type": "email",
        "category": "direct",
        "name": "Mail",
        "config": {"email": "ops@example.net"},
        "hasSecret": False,
        "priority": 1,
        "delaySeconds": 0,
        "conditions": None,
        "isActive": True,
        "allowedPackageTypes": None,
        "forOps": False,
        "warnings": [],
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert made in await channels.listed()


async def test_everything_that_is_sent_comes_back(channels: ChannelClient) -> None:
    fields = {
        "customerId": CUSTOMER,
        "category": "direct",
        "priority": 7,
        "delaySeconds": 120,
        "conditions": {"onlyFullService": True, "minIncidentDuration": 300},
        "isActive": False,
        "allowedPackageTypes": ["pro"],
    }
    made = await channels.create(**fields)
    assert made | {**fields, "customerId": channels.api.customer} == made
    as_text = await channels.create(config=json.dumps({"to": "a@example.net, b@example.net"}))
    assert as_text["config"] == {"to": "a@example.net, b@example.net"}


async def test_secrets_are_null_on_every_answer_and_encrypted_in_the_database(channels: ChannelClient) -> None:
    made = await channels.create(**HOOK)
    shown = {
        "url": HOOK["config"]["url"],
        "secret": None,
        "headers": {"Authorization": None, "X-Env": "prod"},
        "timeout": 5,
        "hasSecret": True,
    }
    assert (made["config"], made["hasSecret"]) == (shown, True)
    listed = next(channel for channel in await channels.listed() if channel["id"] == made["id"])
    assert listed == made
    text = await channels.api.value("SELECT config::text FROM notification_channel WHERE id = $1", made["id"])
    assert SECRET not in text
    assert await channels.stored(made["id"]) == HOOK["config"]


async def test_an_integration_has_its_category_and_its_keys_are_secrets(channels: ChannelClient) -> None:
    duty = await channels.create(type="pagerduty", name="Duty", config={"routingKey": "A" * 32})
    assert (duty["category"], duty["config"]) == ("integration", {"routingKey": None, "hasSecret": True})
    hook = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    for name in (
        "secret",
        "url",
        "webhookUrl",
    ):  # the URL is a secret under each name: anybody who has it may post there
        slack = await channels.create(type="slack", name="Slack", config={name: hook})
        assert slack["config"] == {"secret": None, "hasSecret": True}, name
        assert await channels.stored(slack["id"]) == {"secret": hook}


PATCHES = [
    pytest.param({"timeout": 9}, HOOK["config"] | {"timeout": 9}, id="a field that is not sent stays"),
    pytest.param({"secret": None, "hasSecret": True}, HOOK["config"], id="a secret sent back as null stays"),
    pytest.param({"secret": "********"}, HOOK["config"], id="a masked secret stays"),
    pytest.param({"secret": "new"}, HOOK["config"] | {"secret": "new"}, id="a new secret replaces the old one"),
    pytest.param(
        {"secret": ""},
        {name: value for name, value in HOOK["config"].items() if name != "secret"},
        id="an empty secret is removed",
    ),
    pytest.param(
        {"timeout": None},
        {name: value for name, value in HOOK["config"].items() if name != "timeout"},
        id="a field sent as null is removed",
    ),
    pytest.param(
        {"headers": {"Authorization": None, "X-Env": "test"}},
        HOOK["config"] | {"headers": {"Authorization": f"Bearer {SECRET}", "X-Env": "test"}},
        id="a nested secret sent as null stays",
    ),
    pytest.param(json.dumps({"timeout": 3}), HOOK["config"] | {"timeout": 3}, id="the config is sent as JSON text"),
]


@pytest.mark.parametrize(("sent", "stored"), PATCHES)
async def test_a_patch_merges_the_config(channels: ChannelClient, sent: Any, stored: dict[str, Any]) -> None:
    made = await channels.create(**HOOK)
    answer = await channels.client.patch(f"{CHANNELS}/{made['id']}", json={"config": sent})
    assert answer.status_code == 200, answer.text
    assert await channels.stored(made["id"]) == stored
    assert SECRET not in answer.text


async def test_a_patch_changes_only_the_fields_it_names(channels: ChannelClient) -> None:
    made = await channels.create(**HOOK, customerId=CUSTOMER)
    changes = {"name": "N", "priority": 2, "delaySeconds": 60, "isActive": False, "allowedPackageTypes": ["a"]}
    changed = (await channels.client.patch(f"{CHANNELS}/{made['id']}", json=changes)).json()
    assert changed == made | changes | {"updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > made["updatedAt"]


async def test_a_deleted_channel_is_gone_and_its_waiting_deliveries_are_skipped(channels: ChannelClient) -> None:
    made = await channels.create()
    waiting = await channels.api.value(
        "INSERT INTO delivery (organization_id, channel_id, type, receiver, notice)"
        " SELECT organization_id, id, type, 'ops@example.net', '{}' FROM notification_channel WHERE id = $1"
        " RETURNING id",
        made["id"],
    )
    answer = await channels.client.delete(f"{CHANNELS}/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    again = await channels.client.delete(f"{CHANNELS}/{made['id']}")
    assert message(again) == (404, "Notification channel not found")
    state = await channels.api.value(
        "SELECT state || ': ' || (SELECT error FROM delivery_attempt WHERE delivery_id = delivery.id)"
        " FROM delivery WHERE id = $1",
        waiting,
    )
    assert state == "skipped: the channel was deleted"


async def test_a_channel_copies_its_config_from_another_one(channels: ChannelClient) -> None:
    source = await channels.create(**HOOK)
    copy = await channels.create(
        type="webhook", name="Copy", config={"timeout": 8}, customerId=CUSTOMER, sourceChannelId=source["id"]
    )
    assert await channels.stored(copy["id"]) == HOOK["config"] | {"timeout": 8}
    other = {"type": "email", "name": "N", "config": {}, "sourceChannelId": source["id"]}
    status, error = message(await channels.client.post(CHANNELS, json=other))
    assert (status, "type" in error) == (400, True)
    for number in (987654321, 0, -1, 10**30):
        missing = await channels.client.post(CHANNELS, json={**other, "sourceChannelId": number})
        assert missing.status_code in {400, 404}, missing.text


async def test_a_channel_of_a_monitor_names_its_monitor(channels: ChannelClient) -> None:
    smtp = await channels.api.create()
    mailbox = (
        await channels.client.post(
            "/api/imap-pop-monitors", json={"customerId": CUSTOMER, "name": "M", "hostname": "imap.example.com"}
        )
    ).json()
    for sent, value in (
        ("monitorId", smtp["id"]),
        ("smtpMonitorId", smtp["publicId"]),
        ("monitorId", str(smtp["id"])),
    ):
        made = await channels.create(**{sent: value})
        monitors = (made["monitorId"], made["smtpMonitorId"], made["imapPopMonitorId"], made["customerId"])
        assert monitors == (smtp["id"], smtp["id"], None, None), sent
    made = await channels.create(imapPopMonitorId=mailbox["id"], customerId=CUSTOMER)
    assert (made["monitorId"], made["smtpMonitorId"], made["imapPopMonitorId"]) == (
        mailbox["id"],
        None,
        mailbox["id"],
    )
    for fields, status in (
        ({"smtpMonitorId": mailbox["id"]}, 404),
        ({"monitorId": 987654321}, 404),
        ({"monitorId": "x"}, 400),
        ({"monitorId": smtp["id"], "customerId": OTHER_CUSTOMER}, 400),
        ({"monitorId": smtp["id"], "smtpMonitorId": smtp["id"]}, 400),
    ):
        body = {"type": "email", "name": "N", "config": {"email": "a@example.net"}, **fields}
        answer = await channels.client.post(CHANNELS, json=body)
        assert answer.status_code == status, (fields, answer.text)
    await channels.client.delete(f"/api/smtp-monitors/{smtp['publicId']}")
    assert [one for one in await channels.listed() if one["monitorId"] == smtp["id"]] == []


async def test_the_list_is_ordered_by_priority_and_filtered_by_owner(api: Api, channels: ChannelClient) -> None:
    await api.value("DELETE FROM notification_channel")
    smtp = await api.create()
    last = await channels.create(name="organization", priority=9)
    own = await channels.create(name="customer", customerId=CUSTOMER, priority=2)
    other = await channels.create(name="other", customerId=OTHER_CUSTOMER)
    monitors = await channels.create(name="monitor", smtpMonitorId=smtp["id"])

    async def names(**query: Any) -> list[str]:
        return [channel["name"] for channel in await channels.listed(**query)]

    assert await names() == ["other", "monitor", "customer", "organization"]
    assert await names(organizationId=last["organizationId"]) == await names()
    assert await names(customerId=CUSTOMER) == ["monitor", "customer"]
    assert await names(customerId=str(api.other_customer)) == [other["name"]]
    assert await names(smtpMonitorId=smtp["publicId"]) == ["monitor", "customer", "organization"]
    assert await names(monitorId=smtp["id"]) == ["monitor", "customer", "organization"]
    assert (monitors["customerId"], own["customerId"]) == (None, api.customer)
    for query, status in (
        ({"customerId": "x"}, 400),
        ({"customerId": STRANGE_CUSTOMER}, 400),
        ({"websiteId": "1"}, 400),
        ({"monitorId": "x"}, 400),
        ({"monitorId": "987654321"}, 404),
        ({"imapPopMonitorId": str(smtp["id"])}, 404),
        ({"organizationId": "987654321"}, 403),
        ({"organizationId": "x"}, 400),
    ):
        answer = await channels.client.get(CHANNELS, params=query)
        assert answer.status_code == status, (query, answer.text)
