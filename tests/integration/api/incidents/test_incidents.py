"""`/api/incidents`: the list of incidents."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clock import utc_now
from tests.integration.api import mailboxes
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.documented import MOMENT, UUID_TEXT, assert_holds
from tests.integration.api.outages import (
    REASON,
    detail,
    make_locations,
    outage,
    recover,
    timestamp,
)

PATH = "/api/incidents"
UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"


@pytest.fixture(autouse=True)
async def no_incidents_yet(api: Api) -> None:
    await api.value("DELETE FROM incident")
    await make_locations(api)


async def listed(api: Api, **params: Any) -> Any:
    answer = await api.client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_item_has_the_documented_keys_and_ours(api: Api) -> None:
    made = await api.create(name="Outbound", hostname="smtp.example.com", port=587)
    found = await outage(api, made)
    [item] = await listed(api)
    assert_holds(
        item,
        {
            "id": found.incident.id,
            "publicId": str(found.incident.public_id),
            "websiteId": None,
            "smtpMonitorId": made["id"],
            "imapPopMonitorId": None,
            "status": "open",
            "severity": "downtime",
            "verdict": "down",
            "flapping": False,
            "outageStartedAt": timestamp(found.began),
            "started_at": timestamp(found.began + timedelta(seconds=10, milliseconds=50)),
            "resolved_at": None,
            "acknowledgedAt": None,
            "last_notified_at": None,
            "error_message": REASON,
            "status_code": None,
            "response_time_ms": None,
            "website": {
                "id": made["id"],
                "publicId": made["publicId"],
                "name": "Outbound",
                "url": "smtp://smtp.example.com:587",
                "status": "active",
            },
            "customer": {"id": api.customer, "publicId": UUID_TEXT, "email": None, "company": "Example Customer"},
        },
    )
    await recover(api, found)
    [item] = await listed(api)
    assert_holds(item, {"status": "resolved", "resolved_at": MOMENT})


async def test_a_mailboxs_incident_names_its_monitor_by_its_own_key(api: Api) -> None:
    made = await mailboxes.create(api, hostname="2001:db8::1", config={"protocol": "pop3"})
    found = await outage(api, made)
    [item] = await listed(api)
    assert (item["smtpMonitorId"], item["imapPopMonitorId"]) == (None, made["id"])
    assert item["website"]["url"] == "pop3://[2001:db8::1]"
    incident = (await detail(api, found))["incident"]
    assert (incident["smtpMonitorId"], incident["imapPopMonitorId"]) == (None, made["id"])


async def test_the_list_is_a_bare_array_and_with_include_total_an_object(api: Api) -> None:
    now = utc_now()
    made = [await outage(api, await api.create(), began=now - timedelta(minutes=n + 5)) for n in range(3)]
    numbers = [found.incident.id for found in made]
    assert [item["id"] for item in await listed(api)] == numbers
    for flag in ("1", "true"):
        page = await listed(api, includeTotal=flag, limit=2, offset=1)
        assert ([item["id"] for item in page["incidents"]], page["total"]) == (numbers[1:], 3)
        assert (page["limit"], page["offset"]) == (2, 1)
    assert [item["id"] for item in await listed(api, includeTotal="0", limit=1)] == numbers[:1]
    assert await listed(api, offset=3) == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        pytest.param({"limit": 501}, "limit must be an integer from 1 to 500", id="a limit of more than 500"),
        pytest.param({"limit": 0}, "limit must be an integer from 1 to 500", id="a limit of 0"),
        pytest.param({"offset": -1}, "offset must be an integer from 0 to 1000000000", id="a negative offset"),
        pytest.param({"organizationId": "x"}, "Invalid organizationId", id="a malformed organization"),
    ],
)
async def test_an_invalid_query_is_400(api: Api, params: dict[str, Any], message: str) -> None:
    answer = await api.client.get(PATH, params=params)
    assert answer.status_code == 400
    assert re.search(message, answer.json()["message"])


async def test_a_limit_of_500_is_accepted(api: Api) -> None:
    assert await listed(api, limit=500) == []


async def test_a_token_reads_the_incidents_of_the_customers_in_its_reach(api: Api) -> None:
    own = await outage(api, await api.create())
    other = await outage(api, await api.create(customerId=OTHER_CUSTOMER))

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    async def ask(path: str, token: str) -> httpx.Response:
        return await api.client.get(path, headers=bearer(token))

    page = (await ask(f"{PATH}?includeTotal=1", api.customer_token)).json()
    assert ([item["id"] for item in page["incidents"]], page["total"]) == ([own.incident.id], 1)
    assert (await ask(PATH, api.strange_token)).json() == []
    organization = await api.value("SELECT id FROM organization WHERE name = 'Ours'")
    assert (await ask(f"{PATH}?organizationId={organization}", api.strange_token)).status_code == 403
    assert (await ask(own.path, api.customer_token)).status_code == 200
    refused = await ask(other.path, api.customer_token)
    assert (refused.status_code, refused.json()["message"]) == (403, "Forbidden")
    hidden = await ask(own.path, api.strange_token)
    assert (hidden.status_code, hidden.json()["message"]) == (404, "Incident not found")


@pytest.mark.parametrize(
    ("identifier", "status", "message"),
    [
        pytest.param("12", 400, "Incident public ID (UUID) required", id="a number"),
        pytest.param("x", 400, "Incident public ID (UUID) required", id="a word"),
        pytest.param(UNKNOWN_ID, 404, "Incident not found", id="an unknown id"),
    ],
)
@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("POST", "/acknowledge"), ("POST", "/comments"), ("POST", "/resolve")],
)
async def test_an_unknown_incident_has_the_vendors_error_message(
    api: Api, identifier: str, status: int, message: str, method: str, rest: str
) -> None:
    body = {"/acknowledge": {}, "/comments": {"comment": "c"}, "/resolve": {"reason": "r"}}.get(rest)
    answer = await api.client.request(method, f"{PATH}/{identifier}{rest}", json=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
