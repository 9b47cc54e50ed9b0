"""`GET /api/v1/channels/{id}/deliveries`: what was sent through a channel, newest first, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.outages import Outage, make_locations, outage

PATH = "/api/v1/channels"
HOOK = "https://hooks.example.com/services/T000/B000/abcdefghijklmnop1234"


async def new_channel(api: Api) -> dict[str, Any]:
    body = {"name": "On call", "config": {"type": "email", "to": ["oncall@example.com"]}}
    answer = await api.client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def new_outage(api: Api) -> Outage:
    await make_locations(api)
    return await outage(api, await api.create())


async def deliver(api: Api, channel: dict[str, Any], found: Outage | None, *errors: str | None, **fields: Any) -> None:
    """Store a delivery of this channel with an attempt for each error; without an outage a notice for ops."""
    state = fields.get("state", "sent")
    number = await api.value(
        "INSERT INTO delivery (organization_id, incident_id, change_id, channel_id, type, receiver, channel_name,"
        " notice, state, attempts, error, sent_at) SELECT organization_id, $2, $3, id, type, $4, name,"
        " jsonb_build_object('title', $5::text)::json, $6, $7, $8, CASE WHEN $6 = 'sent' THEN now() END"
        " FROM notification_channel WHERE public_id = $1::text::uuid RETURNING id",
        channel["id"],
        found.incident.id if found else None,
        found.opened.id if found else None,
        fields.get("receiver", "oncall@example.com"),
        fields.get("title", ""),
        state,
        len(errors),
        errors[-1] if errors else None,
    )
    for error in errors:
        await api.value("INSERT INTO delivery_attempt (delivery_id, error) VALUES ($1, $2)", number, error)


async def page(api: Api, channel: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{channel['id']}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_says_what_it_was_about_and_how_it_went(api: Api) -> None:
    channel, found = await new_channel(api), await new_outage(api)
    await deliver(api, channel, found, "timed out", None)
    (item,) = (await page(api, channel))["items"]
    assert (item["incidentId"], item["monitorId"]) == (str(found.incident.public_id), found.monitor["publicId"])
    assert (item["subject"], item["change"], item["receiver"]) == ("Outbound SMTP", "opened", "oncall@example.com")
    assert (item["state"], item["attempts"]) == ("sent", 2)
    assert [one["error"] for one in item["latestAttempts"]] == ["timed out", None]


async def test_a_notice_about_the_installation_has_its_title(api: Api) -> None:
    channel = await new_channel(api)
    await deliver(api, channel, None, title="A location is silent")
    (item,) = (await page(api, channel))["items"]
    assert (item["subject"], item["change"], item["incidentId"]) == ("A location is silent", "notice", None)


async def test_only_its_own_are_there_page_by_page(api: Api) -> None:
    channel, other = await new_channel(api), await new_channel(api)
    await deliver(api, other, None, title="other")
    for number in range(5):
        await deliver(api, channel, None, title=f"N{number}")
    seen, cursor = [], None
    while True:
        found = await page(api, channel, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["subject"] for item in found["items"]]
        cursor = found["nextCursor"]
        if cursor is None:
            break
    assert seen == ["N4", "N3", "N2", "N1", "N0"]


async def test_they_are_filtered_by_result(api: Api) -> None:
    channel = await new_channel(api)
    await deliver(api, channel, None, title="good")
    await deliver(api, channel, None, f"POST {HOOK} was refused", title="bad", state="failed")
    (item,) = (await page(api, channel, state="failed"))["items"]
    assert (item["subject"], item["error"]) == ("bad", "POST https://hooks.example.com/… was refused")


@pytest.mark.parametrize(("query", "field"), [({"state": "lost"}, "state"), ({"cursor": "x"}, "cursor")])
async def test_a_wrong_parameter_is_named(api: Api, query: dict[str, str], field: str) -> None:
    channel = await new_channel(api)
    answer = await api.client.get(f"{PATH}/{channel['id']}/deliveries", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
