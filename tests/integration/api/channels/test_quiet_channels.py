"""`quietHours` of `/api/v1/channels`: set, changed, removed and refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.nats.bus import Bus
from tests.integration.api.channels.channel_client import ChannelClient, open_channel_client
from tests.integration.api.channels.test_our_channels import PATH, made
from tests.integration.api.conftest import Api

WEEK = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
QUIET: dict[str, Any] = {
    "timeZone": "Europe/Berlin",
    "windows": [{"days": ["MO", "FR"], "from": "22:00", "to": "07:00"}],
    "severities": ["partial"],
    "except": [],
}
EMAIL = {"type": "email", "to": ["night@example.com"]}


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    async with open_channel_client(api, module_bus) as client:
        yield client


@pytest.fixture(autouse=True)
async def _no_requests_counted(api: Api) -> None:
    await api.value("DELETE FROM request_count")


async def test_quiet_hours_are_set_changed_and_removed(channels: ChannelClient) -> None:
    new = await made(channels, EMAIL)
    one = f"{PATH}/{new['id']}"
    assert new["quietHours"] is None
    changed = await channels.client.patch(one, json={"quietHours": QUIET})
    assert changed.json()["quietHours"] == QUIET, changed.text
    merged = await channels.client.patch(one, json={"quietHours": {"timeZone": None, "severities": ["down"]}})
    assert merged.json()["quietHours"] == QUIET | {"timeZone": None, "severities": ["down"]}, merged.text
    kept = await channels.client.patch(one, json={"enabled": False})
    assert kept.json()["quietHours"] == merged.json()["quietHours"]
    assert (await channels.client.patch(one, json={"quietHours": None})).json()["quietHours"] is None
    replaced = await channels.client.put(one, json={"name": "N", "config": EMAIL, "quietHours": QUIET})
    assert replaced.json()["quietHours"] == QUIET
    assert all("quietHours" not in channel for channel in await channels.listed())
    assert (await channels.client.put(one, json={"name": "N", "config": EMAIL})).json()["quietHours"] is None


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timeZone": "Mars/Base"}, "quietHours.timeZone"),
        ({"windows": []}, "quietHours.windows"),
        ({"windows": [{"days": ["MO"], "from": "25:00", "to": "07:00"}]}, "quietHours.windows[0].from"),
        ({"windows": [{"days": ["XX"], "from": "22:00", "to": "07:00"}]}, "quietHours.windows[0].days[0]"),
        ({"windows": [{"days": WEEK, "from": "00:00", "to": "00:00"}]}, "quietHours.windows"),
        ({"severities": []}, "quietHours.severities"),
        ({"except": ["all"]}, "quietHours.except[0]"),
        ({"untilNoon": True}, "quietHours.untilNoon"),
    ],
)
async def test_a_breach_of_quiet_hours_is_named(
    channels: ChannelClient, method: str, change: dict[str, Any], field: str
) -> None:
    path, body = PATH, {"name": "N", "config": EMAIL, "quietHours": QUIET | change}
    if method == "PATCH":
        new = await made(channels, EMAIL, quietHours=QUIET)
        path, body = f"{PATH}/{new['id']}", {"quietHours": change}
    refused = await channels.client.request(method, path, json=body)
    assert refused.status_code == 400, refused.text
    assert field in [one["field"] for one in refused.json()["errors"]]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
async def test_a_service_that_incidents_are_handed_over_to_has_no_quiet_hours(
    channels: ChannelClient, method: str
) -> None:
    config = {"type": "pagerduty", "routingKey": "R" * 32}
    path, body = PATH, {"name": "N", "config": config, "quietHours": QUIET}
    if method != "POST":
        path = f"{PATH}/{(await made(channels, config))['id']}"
    refused = await channels.client.request(method, path, json={"quietHours": QUIET} if method == "PATCH" else body)
    assert refused.status_code == 400, refused.text
    (error,) = refused.json()["errors"]
    assert error["field"] == "quietHours"
    assert "may not be set for a service that incidents are handed over to" in str(error)
