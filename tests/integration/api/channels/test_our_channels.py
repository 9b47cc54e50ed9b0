"""`/api/v1/channels`: typed configs, whose secrets are written and never read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.api.v1.channels.schemas import ChannelBody, ChannelPatch
from controller.api.v1.channels.trying import ChannelTestRequest, StoredChannelTest
from controller.model.values.field_names import camel
from controller.notify.registry import CHANNELS
from controller.operations.channels.config_keys import CONFIG_KEYS
from shared.nats.bus import Bus
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.api.channels.channel_client import SECRET, ChannelClient, open_channel_client
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api

PATH = "/api/v1/channels"
HOOK: dict[str, Any] = {
    "type": "webhook",
    "url": "http://127.0.0.1:9/hook?key=of-the-url",
    "secret": SECRET,
    "headers": {"Authorization": f"Bearer {SECRET}", "X-Env": "prod"},
    "timeout": 5,
    "expectedStatusCodes": [200, 204],
}
VALUES: dict[str, Any] = {
    "url": "http://127.0.0.1:9",
    "webhookUrl": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "apiKey": "a" * 36,
    "routingKey": "a" * 32,
    "userKey": "u" * 30,
    "apiToken": "t" * 30,
    "botToken": "123456789:AAE" + "x" * 32,
    "chatId": "12345",
    "token": "ghp_" + "a" * 36,
    "labels": "team=mail, severity=critical",
}


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


@pytest.fixture(autouse=True)
async def _no_requests_counted(api: Api) -> None:
    await api.value("DELETE FROM request_count")


async def made(channels: ChannelClient, config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await channels.client.post(PATH, json={"name": "On call", "config": config, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def clear(channels: ChannelClient, channel: dict[str, Any]) -> dict[str, Any]:
    """The config in the database, decrypted."""
    number = await channels.api.value("SELECT id FROM notification_channel WHERE public_id = $1::uuid", channel["id"])
    return await channels.stored(number)


async def test_the_examples_are_accepted_as_they_stand(channels: ChannelClient) -> None:
    answer = await channels.client.post(PATH, json=ChannelBody.EXAMPLE | {"customerId": CUSTOMER})
    assert answer.status_code == 201, answer.text
    one, new = answer.headers["location"], answer.json()
    read = await channels.client.get(one)
    assert (read.json(), read.headers["etag"]) == (new, answer.headers["etag"])
    assert new["config"] == ChannelBody.EXAMPLE["config"]
    assert (new["delay"], new["minIncidentDuration"], new["customerId"]) == (60, 300, CUSTOMER)
    patched = (await channels.client.patch(one, json=ChannelPatch.EXAMPLE)).json()
    assert (patched["enabled"], patched["delay"], patched["config"]["to"]) == (False, 0, ["night@example.com"])
    assert patched["minIncidentDuration"] == 300
    for path, body in ((f"{PATH}/test", ChannelTestRequest.EXAMPLE), (f"{one}/test", StoredChannelTest.EXAMPLE)):
        tried = await channels.client.post(path, json=body)
        assert tried.status_code == 200, tried.text
    vendors = await channels.listed(customerId=CUSTOMER)
    assert "night@example.com" in [channel["config"].get("email") for channel in vendors]


async def test_a_secret_is_kept_when_left_out_and_removed_by_null(channels: ChannelClient) -> None:
    new = await made(channels, HOOK)
    one = f"{PATH}/{new['id']}"
    assert new["config"] == {
        **{name: HOOK[name] for name in ("type", "url", "timeout", "expectedStatusCodes")},
        "method": None,
        "bodyTemplate": None,
        "retryAttempts": None,
        "retryDelay": None,
        "headers": {"X-Env": "prod"},
        "secretHeaders": ["Authorization"],
        "hasSecret": True,
    }
    assert SECRET not in (await channels.client.get(one)).text
    for method in ("PUT", "PATCH"):
        again = await channels.client.request(method, one, json=new)
        assert again.json() | {"updatedAt": 0} == new | {"updatedAt": 0}, again.text
        stored = await clear(channels, new)
        assert (stored["secret"], stored["headers"]["Authorization"]) == (SECRET, f"Bearer {SECRET}")
    replaced = await channels.client.put(one, json={"name": "N", "config": {"type": "webhook", "url": HOOK["url"]}})
    assert (replaced.json()["config"]["timeout"], replaced.json()["config"]["headers"]) == (None, {})
    assert (replaced.json()["config"]["hasSecret"], replaced.json()["config"]["secretHeaders"]) == (
        True,
        ["Authorization"],
    )
    change = {"config": {"secret": None, "headers": {"Authorization": None, "X-New": "1"}}}
    patched = (await channels.client.patch(one, json=change)).json()["config"]
    assert (patched["hasSecret"], patched["headers"], patched["secretHeaders"]) == (False, {"X-New": "1"}, [])
    assert await clear(channels, new) == {"url": HOOK["url"], "headers": {"X-New": "1"}}


@pytest.mark.parametrize("type_", sorted(set(CHANNELS) - {"webhook"}))
async def test_every_type_answers_what_it_took_but_for_secrets(channels: ChannelClient, type_: str) -> None:
    keys = [key for key in CONFIG_KEYS[type_] if key.name not in {"apprise_url", "webhook_secret"}]
    given = {camel(key.name): VALUES.get(camel(key.name), "name") for key in keys}
    if type_ in {"email", "sms"}:
        given = {"to": ["a@example.net", "b@example.net"] if type_ == "email" else ["+4930123456", "+4930123457"]}
    fitting = {
        "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=" + "a" * 64,
        "discord": "https://discord.com/api/webhooks/000000000000000000/" + "b" * 64,
        "googlechat": "https://chat.googleapis.com/v1/spaces/abc/messages?key=def&token=ghi",
        "lark": "https://open.feishu.cn/open-apis/bot/v2/hook/11111111-1111-4111-8111-111111111111",
        "mattermost": "http://127.0.0.1:9/hooks/" + "c" * 26,
        "rocketchat": "http://127.0.0.1:9/hooks/" + "a" * 17 + "/" + "b" * 64,
        "teams": "https://x.logic.azure.com:443/workflows/"
        + "a" * 32
        + "/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig="
        + "d" * 43,
        "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=11111111-1111-4111-8111-111111111111",
    }
    if type_ in fitting:
        given = {"webhookUrl": fitting[type_]}
    answer = await channels.client.post(PATH, json={"name": "N", "type": type_, "config": given})
    assert answer.status_code == 201, answer.text
    config = answer.json()["config"]
    for key in keys:
        name = camel(key.name)
        if key.secret:
            assert name not in config
            assert config[camel(f"has_{key.name}")] == (name in given), name
        else:
            assert config[name] == given[name]


async def test_mistakes_are_named_by_our_names(channels: ChannelClient) -> None:
    async def fields(body: dict[str, Any]) -> set[str]:
        refused = await channels.client.post(PATH, json=body)
        assert refused.status_code == 400, refused.text
        assert SECRET not in refused.text
        return {error["field"] for error in refused.json()["errors"]}

    assert await fields({"name": 1, "delay": -1, "config": {"type": "email", "to": 1, "url": "x"}}) == {
        *("name", "delay", "config.to", "config.url")
    }
    assert await fields({"name": "N", "config": {"type": "sms", "to": ["x"]}}) == {"config.to[0]"}
    assert await fields({"name": "\x07", "delay": -1, "config": {"type": "email", "to": ["x", 1, "a@b.c"]}}) == {
        *("name", "delay", "config.to[0]", "config.to[1]")
    }
    assert await fields({"name": "N", "config": {"type": "sms"}}) == {"config.to"}
    assert await fields({"name": "N", "type": "sms", "config": {"type": "email"}}) == {"type"}
    assert await fields({"name": "N", "config": {"type": "slack", "webhookUrl": "http://10.0.0.1/"}}) == {
        "config.webhookUrl"
    }
    assert await fields({"name": "N", "config": HOOK | {"headers": {"A b": "1"}}}) == {"config.headers"}
    assert await fields({"name": "N", "config": HOOK, "customerId": STRANGE_CUSTOMER}) == {"customerId"}
    new = await made(channels, HOOK)
    for change, field in (
        ({"type": "email"}, "type"),
        ({"customerId": CUSTOMER}, "customerId"),
        ({"config": {"to": ["a@example.com"]}}, "config.to"),
        ({"config": {"timeout": "5"}}, "config.timeout"),
        ({"config": {"type": "email"}}, "type"),
        ({"name": None}, "name"),
        ({"config": None}, "config"),
        ({"priority": 0}, "priority"),
    ):
        refused = await channels.client.patch(f"{PATH}/{new['id']}", json=change)
        assert [error["field"] for error in refused.json()["errors"]] == [field], refused.text


async def test_a_change_for_another_state_is_refused(channels: ChannelClient) -> None:
    new = await made(channels, HOOK)
    one = f"{PATH}/{new['id']}"
    tag = (await channels.client.get(one)).headers["etag"]
    assert (await channels.client.patch(one, json={"priority": 2}, headers={"If-Match": tag})).status_code == 200
    for method, body in (("PATCH", {"priority": 3}), ("PUT", new), ("DELETE", None)):
        lost = await channels.client.request(method, one, json=body, headers={"If-Match": tag})
        assert (lost.status_code, lost.json()["current"]["priority"]) == (412, 2)
        assert SECRET not in lost.text
    assert (await channels.client.delete(one)).status_code == 204
    assert (await channels.client.get(one)).status_code == 404


async def test_who_may_not_change_a_channel_sees_no_more_than_the_host_of_its_url(
    api: Api, channels: ChannelClient
) -> None:
    own = await made(channels, HOOK, customerId=CUSTOMER)
    other = await made(channels, HOOK, customerId=OTHER_CUSTOMER)
    whole = await made(channels, HOOK)
    limited = {"Authorization": f"Bearer {api.customer_token}"}
    read = await channels.client.get(f"{PATH}/{own['id']}", headers=limited)
    assert (read.status_code, read.json()["config"]["url"]) == (200, "http://127.0.0.1:9/…")
    assert "of-the-url" not in read.text
    for channel in (other, whole):
        assert (await channels.client.get(f"{PATH}/{channel['id']}", headers=limited)).status_code == 403
    listed = (await channels.client.get(PATH, headers=limited, params={"limit": 500})).json()["items"]
    assert {item["customerId"] for item in listed} == {CUSTOMER}
    stranger = {"Authorization": f"Bearer {api.strange_token}"}
    for method in ("GET", "PATCH", "DELETE"):
        answer = await channels.client.request(method, f"{PATH}/{own['id']}", headers=stranger, json={})
        assert answer.status_code == 404


async def test_channels_of_a_monitor_are_found_with_it(api: Api, channels: ChannelClient) -> None:
    monitor = await api.create()
    mine = await made(channels, HOOK, monitorId=monitor["publicId"], name="B")
    ops = await made(channels, HOOK, name="A", customerId=CUSTOMER, priority=900)
    for query, names in (
        ({"monitor": monitor["publicId"], "sort": "name", "fields": "id,name"}, [ops, mine]),
        ({"monitor": monitor["publicId"], "sort": "-priority", "fields": "id,name"}, [ops, mine]),
    ):
        found = (await channels.client.get(PATH, params=query | {"limit": 500, "type": "webhook"})).json()["items"]
        ids = [item["id"] for item in found]
        assert [each["id"] for each in names] == [one for one in ids if one in {mine["id"], ops["id"]}]
        assert set(found[0]) == {"id", "name"}
    page = (await channels.client.get(PATH, params={"limit": 1})).json()
    following = await channels.client.get(PATH, params={"limit": 1, "cursor": page["nextCursor"]})
    assert following.json()["items"][0]["id"] != page["items"][0]["id"]


async def test_a_channel_is_tried_with_its_stored_secret(channels: ChannelClient) -> None:
    with WebhookSink() as sink:
        new = await made(channels, HOOK | {"url": sink.url})
        done = (await channels.client.post(f"{PATH}/{new['id']}/test", json={})).json()
        (post,) = sink.received
        assert post.signed_with(SECRET)
        assert (done["success"], done["request"]["timeout"]) == (True, 5.0)
        assert SECRET not in str(done)
        copy = {"sourceChannelId": new["id"], "config": {"type": "webhook", "timeout": 6}}
        again = (await channels.client.post(f"{PATH}/test", json=copy)).json()
        assert (again["success"], again["request"]["timeout"], len(sink.received)) == (True, 6.0, 2)
    refused = (await channels.client.post(f"{PATH}/test", json={"config": {"type": "webhook", "url": "x"}})).json()
    assert (refused["success"], refused["errors"]) == (False, ["config.url must be an http or https URL"])
