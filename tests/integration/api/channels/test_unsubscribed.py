"""`/api/v1/channels/{id}/unsubscribed`: who left the digests of a channel, and who gets them again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import quote

import pytest

from shared.nats.bus import Bus
from tests.integration.api.channels.channel_client import ChannelClient, open_channel_client
from tests.integration.api.channels.test_our_channels import PATH, made
from tests.integration.api.conftest import Api

EMAIL = {"type": "email", "to": ["first+1@example.com", "second@example.com"]}
FIRST, SECOND = EMAIL["to"]


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


async def left(api: Api, channel: str, *addresses: str) -> None:
    for address in addresses:
        await api.value(
            "INSERT INTO digest_unsubscription (channel_id, receiver)"
            " SELECT id, $2 FROM notification_channel WHERE public_id = $1::uuid",
            channel,
            address,
        )


async def test_who_left_is_listed_and_subscribed_again_once(api: Api, channels: ChannelClient) -> None:
    channel, other = [(await made(channels, EMAIL))["id"] for _ in range(2)]
    path = f"{PATH}/{channel}/unsubscribed"
    assert (await channels.client.get(path)).json() == {"items": []}
    await left(api, channel, SECOND, FIRST)
    await left(api, other, FIRST)
    items = (await channels.client.get(path)).json()["items"]
    assert [one["address"] for one in items] == [FIRST, SECOND]
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in items)
    for _ in range(2):
        answer = await channels.client.delete(f"{path}/{quote(FIRST.upper(), safe='')}")
        assert answer.status_code == 204, answer.text
    assert [one["address"] for one in (await channels.client.get(path)).json()["items"]] == [SECOND]
    assert len((await channels.client.get(f"{PATH}/{other}/unsubscribed")).json()["items"]) == 1
    entries = (await api.client.get("/api/v1/audit", params={"objectId": channel})).json()["items"]
    changed = [(one["before"], one["after"]) for one in entries if one["action"] == "channel.changed"]
    assert changed == [({"noDigestsTo": [FIRST, SECOND]}, {"noDigestsTo": [SECOND]})]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_another_organization_finds_no_such_channel(api: Api, channels: ChannelClient, method: str) -> None:
    channel = (await made(channels, EMAIL))["id"]
    await left(api, channel, FIRST)
    path = f"{PATH}/{channel}/unsubscribed" + (f"/{SECOND}" if method == "DELETE" else "")
    strange = {"Authorization": f"Bearer {api.strange_token}"}
    assert (await channels.client.request(method, path, headers=strange)).status_code == 404
    assert len((await channels.client.get(f"{PATH}/{channel}/unsubscribed")).json()["items"]) == 1
