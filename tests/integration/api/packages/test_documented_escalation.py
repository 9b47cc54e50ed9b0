"""Every documented statement about the escalation of an organization ([D] of 7.4): it is made of its channels."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from controller.model import Role
from shared.nats.bus import Bus
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.api.channels.channel_client import ChannelClient, open_channel_client
from tests.integration.api.conftest import ORGANIZATION, Api, client_of
from tests.integration.api.documented import MOMENT, assert_holds
from tests.integration.api.people import organization_of, person

SECRET = "correct-horse-battery-staple"
DEFAULTS: dict[str, Any] = {
    "id": int, "organizationId": int, "webhookUrl": None, "webhookMethod": "POST", "webhookHeaders": None,
    "webhookBodyTemplate": None, "webhookTimeout": 30, "webhookRetryAttempts": 3, "webhookRetryDelay": 60,
    "expectedStatusCodes": "200,201,202,204", "isActive": False, "lastTestedAt": None, "lastTestStatus": None,
    "lastTestError": None, "notificationChannels": [],
    "organization": {"defaultEmail": None, "defaultPhoneNumber": None, "defaultNotificationChannels": None,
                     "defaultNotificationTargets": None, "defaultNotificationRules": None},
}  # fmt: skip


class Client:
    """Requests of an organization's token, each of which must be answered with this status."""

    def __init__(self, api: Api, channels: ChannelClient) -> None:
        self._api, self._channels = api, channels

    async def send(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self._channels.client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def config(self) -> Any:
        return await self.send("GET", f"/api/escalation-config/{ORGANIZATION}")

    async def change(self, body: Any, *, status: int = 200) -> Any:
        return await self.send("PATCH", f"/api/escalation-config/{ORGANIZATION}", body, status=status)


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


@pytest.fixture
async def client(api: Api, channels: ChannelClient) -> Client:
    await api.value("DELETE FROM escalation_config")
    await api.value("DELETE FROM notification_channel")
    await api.value("DELETE FROM request_count")
    await api.value("UPDATE organization SET default_notification_rules = NULL")
    return Client(api, channels)


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


async def test_a_first_read_makes_the_defaults(api: Api, client: Client) -> None:
    first = await client.config()
    assert_holds(first, DEFAULTS)
    by_number = await client.send("GET", f"/api/escalation-config/{await organization_of(api, 'Ours')}")
    assert by_number == first


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        pytest.param("x", 400, "Invalid organization ID", id="no identifier"),
        pytest.param("987654321", 404, "Organization not found", id="an unknown organization"),
        pytest.param("{strange}", 404, "Organization not found", id="another organization"),
    ],
)
@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("PATCH", ""), ("POST", "/test")])
async def test_only_the_own_organization_has_one(
    api: Api, client: Client, path: str, status: int, message: str, method: str, below: str
) -> None:
    path = path.format(strange=await organization_of(api, "Strange"))
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    found = await client.send(method, f"/api/escalation-config/{path}{below}", body, status=status)
    assert found["message"] == message


async def test_the_webhook_is_a_channel_like_any(client: Client, hook: WebhookSink) -> None:
    sent = {
        "webhookUrl": hook.url, "webhookMethod": "PUT", "webhookHeaders": {"X-Team": "mail", "Authorization": SECRET},
        "webhookBodyTemplate": '{"what": "{{status}}"}', "webhookTimeout": 5, "webhookRetryAttempts": 2,
        "webhookRetryDelay": 30, "expectedStatusCodes": "200,204",
    }  # fmt: skip
    changed = await client.change(sent)
    shown = sent | {"webhookHeaders": {"X-Team": "mail", "Authorization": None}, "isActive": True}
    assert_holds(changed, shown)
    (channel,) = await client.send("GET", "/api/notification-channels")
    assert (channel["id"], channel["type"]) == (changed["webhookChannelId"], "webhook")
    assert channel["config"]["retryAttempts"] == 2
    listed = (await client.send("GET", "/api/v1/channels"))["items"]
    assert [one["type"] for one in listed] == ["webhook"]
    assert SECRET not in str(changed)

    await client.send("PATCH", f"/api/notification-channels/{channel['id']}", {"config": {"method": "POST"}})
    assert (await client.config())["webhookMethod"] == "POST", "what is changed there is changed here"


async def test_a_webhook_that_is_there_already_is_the_organizations(client: Client, hook: WebhookSink) -> None:
    body = {"type": "webhook", "name": "Ours", "config": {"url": hook.url}}
    made = await client.send("POST", "/api/notification-channels", body)
    found = await client.config()
    assert (found["webhookChannelId"], found["webhookUrl"], found["isActive"]) == (made["id"], hook.url, True)
    assert found["webhookTimeout"] == 10, "what its messages are sent with"


async def test_null_turns_the_webhook_off_and_a_url_on_again(client: Client, hook: WebhookSink) -> None:
    made = await client.change({"webhookUrl": hook.url, "webhookTimeout": 7})
    off = await client.change({"webhookUrl": None})
    assert (off["webhookUrl"], off["isActive"], off["webhookTimeout"]) == (None, False, 7)
    (channel,) = await client.send("GET", "/api/notification-channels")
    assert channel["isActive"] is False
    refused = await client.send("POST", f"/api/escalation-config/{ORGANIZATION}/test", status=400)
    assert refused["message"] == "webhookUrl is required"
    again = await client.change({"webhookUrl": hook.url})
    assert (again["webhookChannelId"], again["isActive"]) == (made["webhookChannelId"], True)
    assert (await client.change({"isActive": False}))["webhookUrl"] == hook.url


async def test_settings_wait_for_a_url(client: Client, hook: WebhookSink) -> None:
    found = await client.change({"webhookTimeout": 9, "webhookHeaders": {"Authorization": SECRET}})
    assert (found["webhookTimeout"], found["webhookChannelId"]) == (9, None)
    assert SECRET not in str(found)
    assert (await client.change({"webhookUrl": hook.url}))["webhookTimeout"] == 9
    tested = await client.send("POST", f"/api/escalation-config/{ORGANIZATION}/test")
    assert tested["success"] is True
    assert hook.received[0].headers["authorization"] == SECRET


async def test_a_test_is_sent_and_remembered(client: Client, hook: WebhookSink) -> None:
    await client.change({"webhookUrl": hook.url})
    done = await client.send("POST", f"/api/escalation-config/{ORGANIZATION}/test")
    assert done == {"success": True, "statusCode": 200, "message": "It answered 200 OK"}
    assert len(hook.received) == 1
    tested = {"lastTestedAt": MOMENT, "lastTestStatus": "success", "lastTestError": None}
    assert_holds(await client.config(), tested)

    hook.answers.append(500)
    failed = await client.send("POST", f"/api/escalation-config/{ORGANIZATION}/test")
    assert (failed["success"], failed["statusCode"]) == (False, 500)
    assert_holds(await client.config(), {"lastTestStatus": "failed", "lastTestError": failed["message"]})


@pytest.mark.parametrize(
    ("field", "type_", "first", "second", "wrong"),
    [
        pytest.param("defaultEmail", "email", "a@example.com", "b@example.com", "nobody", id="an e-mail address"),
        pytest.param("defaultPhoneNumber", "sms", "+4930123456", "+4930123457", "030", id="a phone number"),
    ],
)
async def test_an_address_of_the_organization_is_a_channel(
    client: Client, field: str, type_: str, first: str, second: str, wrong: str
) -> None:
    assert (await client.change({field: first}))["organization"][field] == first
    (made,) = await client.send("GET", "/api/notification-channels")
    assert (made["type"], made["customerId"], made["isActive"]) == (type_, None, True)
    changed = await client.change({field: second})
    assert changed["organization"][field] == second
    assert [one["id"] for one in changed["notificationChannels"]] == [made["id"]], "the same channel"
    off = await client.change({field: None})
    assert (off["organization"][field], off["notificationChannels"][0]["isActive"]) == (None, False)
    refused = await client.change({field: wrong}, status=400)
    assert refused["message"].startswith(f"{field} must be ")


async def test_the_defaults_of_the_organization_are_shown(client: Client) -> None:
    rules = {"smtp": {"sms": False}}
    await client.send("PATCH", "/api/organization", {"defaultNotificationRules": rules})
    assert (await client.config())["organization"]["defaultNotificationRules"] == rules


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"webhookUrl": "ftp://x"}, "webhookUrl must be an http or https URL", id="no web address"),
        pytest.param({"webhookUrl": "https://h.example", "webhookMethod": "X"}, "webhookMethod must be one of .*",
                     id="no method"),
        pytest.param({"webhookTimeout": 31}, "webhookTimeout must be from 1 to 30", id="a long timeout"),
        pytest.param({"webhookRetryAttempts": 11}, "webhookRetryAttempts must be from 0 to 10", id="many attempts"),
        pytest.param({"webhookRetryDelay": -1}, "webhookRetryDelay must be from 0 to 3600", id="a negative pause"),
        pytest.param({"expectedStatusCodes": "ok"}, "expectedStatusCodes must be status codes, .*", id="no codes"),
        pytest.param({"isActive": True}, "webhookUrl is required", id="on without a URL"),
        pytest.param({"defaultEmail": "a@example.com", "webhookUrl": "x"}, "webhookUrl must be .*",
                     id="all of it or nothing"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_stored(client: Client, body: Any, message: str) -> None:
    refused = await client.change(body, status=400)
    assert re.fullmatch(message, refused["message"])
    assert (await client.config())["notificationChannels"] == []


@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("PATCH", ""), ("POST", "/test")])
async def test_it_is_for_admins(api: Api, client: Client, method: str, below: str) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    path = f"/api/escalation-config/{ORGANIZATION}{below}"
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    async with client_of(api.application) as other:
        refused = await other.request(method, path, json=body, headers=user.headers)
        nobody = await other.request(method, path, json=body)
    assert (refused.status_code, refused.json()["message"]) == (403, "Forbidden")
    assert (nobody.status_code, nobody.json()["message"]) == (401, "Unauthorized")
