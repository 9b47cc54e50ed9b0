"""Notification channels in the documented shape: made, listed, changed, deleted, their secrets kept and never shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.nats.bus import Bus
from tests.integration.api.channel_desk import CHANNELS, HOOK, SECRET, Desk, desk, message
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import organization_of


@pytest.fixture(scope="module")
async def office(api: Api, module_bus: Bus) -> AsyncIterator[Desk]:
    async with desk(api, module_bus) as made:
        yield made


async def test_a_channel_has_the_documented_keys_and_defaults(office: Desk) -> None:
    made = await office.create()
    organization = await organization_of(office.api, "Ours")
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
    assert made in await office.listed()


async def test_everything_that_is_sent_comes_back(office: Desk) -> None:
    fields = {
        "customerId": CUSTOMER,
        "category": "direct",
        "priority": 7,
        "delaySeconds": 120,
        "conditions": {"onlyFullService": True, "minIncidentDuration": 300},
        "isActive": False,
        "allowedPackageTypes": ["pro"],
    }
    made = await office.create(**fields)
    assert made | {**fields, "customerId": office.api.customer} == made
    as_text = await office.create(config=json.dumps({"to": "a@example.net, b@example.net"}))
    assert as_text["config"] == {"to": "a@example.net, b@example.net"}


async def test_secrets_are_null_on_every_answer_and_encrypted_in_the_database(office: Desk) -> None:
    made = await office.create(**HOOK)
    shown = {
        "url": HOOK["config"]["url"],
        "secret": None,
        "headers": {"Authorization": None, "X-Env": "prod"},
        "timeout": 5,
        "hasSecret": True,
    }
    assert (made["config"], made["hasSecret"]) == (shown, True)
    listed = next(channel for channel in await office.listed() if channel["id"] == made["id"])
    assert listed == made
    text = await office.api.value("SELECT config::text FROM notification_channel WHERE id = $1", made["id"])
    assert SECRET not in text
    assert await office.stored(made["id"]) == HOOK["config"]


async def test_an_integration_is_one_and_its_keys_are_secrets(office: Desk) -> None:
    duty = await office.create(type="pagerduty", name="Duty", config={"routingKey": "A" * 32})
    assert (duty["category"], duty["config"]) == ("integration", {"routingKey": None, "hasSecret": True})
    hook = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    for name in ("secret", "url", "webhookUrl"):  # however it is called, it lets who has it post there
        slack = await office.create(type="slack", name="Slack", config={name: hook})
        assert slack["config"] == {"secret": None, "hasSecret": True}, name
        assert await office.stored(slack["id"]) == {"secret": hook}


PATCHES = [
    pytest.param({"timeout": 9}, HOOK["config"] | {"timeout": 9}, id="what is not sent stays"),
    pytest.param({"secret": None, "hasSecret": True}, HOOK["config"], id="a secret sent back as it was read stays"),
    pytest.param({"secret": "********"}, HOOK["config"], id="a masked secret stays"),
    pytest.param({"secret": "new"}, HOOK["config"] | {"secret": "new"}, id="a new secret replaces"),
    pytest.param(
        {"secret": ""},
        {name: value for name, value in HOOK["config"].items() if name != "secret"},
        id="an empty secret goes",
    ),
    pytest.param(
        {"timeout": None}, {name: value for name, value in HOOK["config"].items() if name != "timeout"}, id="null goes"
    ),
    pytest.param(
        {"headers": {"Authorization": None, "X-Env": "test"}},
        HOOK["config"] | {"headers": {"Authorization": f"Bearer {SECRET}", "X-Env": "test"}},
        id="a secret inside stays where it is",
    ),
    pytest.param(json.dumps({"timeout": 3}), HOOK["config"] | {"timeout": 3}, id="as JSON text"),
]


@pytest.mark.parametrize(("sent", "wanted"), PATCHES)
async def test_a_patch_merges_the_config(office: Desk, sent: Any, wanted: dict[str, Any]) -> None:
    made = await office.create(**HOOK)
    answer = await office.client.patch(f"{CHANNELS}/{made['id']}", json={"config": sent})
    assert answer.status_code == 200, answer.text
    assert await office.stored(made["id"]) == wanted
    assert SECRET not in answer.text


async def test_a_patch_changes_what_it_names_and_nothing_else(office: Desk) -> None:
    made = await office.create(**HOOK, customerId=CUSTOMER)
    changes = {"name": "N", "priority": 2, "delaySeconds": 60, "isActive": False, "allowedPackageTypes": ["a"]}
    changed = (await office.client.patch(f"{CHANNELS}/{made['id']}", json=changes)).json()
    assert changed == made | changes | {"updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > made["updatedAt"]


async def test_a_deleted_channel_is_gone_and_what_waited_for_it_is_not_sent(office: Desk) -> None:
    made = await office.create()
    waiting = await office.api.value(
        "INSERT INTO delivery (organization_id, channel_id, type, receiver, notice)"
        " SELECT organization_id, id, type, 'ops@example.net', '{}' FROM notification_channel WHERE id = $1"
        " RETURNING id",
        made["id"],
    )
    answer = await office.client.delete(f"{CHANNELS}/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    again = await office.client.delete(f"{CHANNELS}/{made['id']}")
    assert message(again) == (404, "Notification channel not found")
    state = await office.api.value(
        "SELECT state || ': ' || (SELECT error FROM delivery_attempt WHERE delivery_id = delivery.id)"
        " FROM delivery WHERE id = $1",
        waiting,
    )
    assert state == "skipped: the channel was deleted"


async def test_a_channel_takes_its_config_from_another_one(office: Desk) -> None:
    source = await office.create(**HOOK)
    copy = await office.create(
        type="webhook", name="Copy", config={"timeout": 8}, customerId=CUSTOMER, sourceChannelId=source["id"]
    )
    assert await office.stored(copy["id"]) == HOOK["config"] | {"timeout": 8}
    other = {"type": "email", "name": "N", "config": {}, "sourceChannelId": source["id"]}
    status, told = message(await office.client.post(CHANNELS, json=other))
    assert (status, "type" in told) == (400, True)
    for number in (987654321, 0, -1, 10**30):
        missing = await office.client.post(CHANNELS, json={**other, "sourceChannelId": number})
        assert missing.status_code in {400, 404}, missing.text


async def test_a_channel_of_a_monitor_says_so(office: Desk) -> None:
    smtp = await office.api.create()
    mailbox = (
        await office.client.post(
            "/api/imap-pop-monitors", json={"customerId": CUSTOMER, "name": "M", "hostname": "imap.example.com"}
        )
    ).json()
    for sent, value in (
        ("monitorId", smtp["id"]),
        ("smtpMonitorId", smtp["publicId"]),
        ("monitorId", str(smtp["id"])),
    ):
        made = await office.create(**{sent: value})
        told = (made["monitorId"], made["smtpMonitorId"], made["imapPopMonitorId"], made["customerId"])
        assert told == (smtp["id"], smtp["id"], None, None), sent
    made = await office.create(imapPopMonitorId=mailbox["id"], customerId=CUSTOMER)
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
        answer = await office.client.post(CHANNELS, json=body)
        assert answer.status_code == status, (fields, answer.text)
    await office.client.delete(f"/api/smtp-monitors/{smtp['publicId']}")
    assert [one for one in await office.listed() if one["monitorId"] == smtp["id"]] == []


async def test_the_list_is_by_priority_and_filtered_by_whose_they_are(api: Api, office: Desk) -> None:
    await api.value("DELETE FROM notification_channel")
    smtp = await api.create()
    last = await office.create(name="organization", priority=9)
    own = await office.create(name="customer", customerId=CUSTOMER, priority=2)
    other = await office.create(name="other", customerId=OTHER_CUSTOMER)
    monitors = await office.create(name="monitor", smtpMonitorId=smtp["id"])

    async def names(**query: Any) -> list[str]:
        return [channel["name"] for channel in await office.listed(**query)]

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
        answer = await office.client.get(CHANNELS, params=query)
        assert answer.status_code == status, (query, answer.text)
