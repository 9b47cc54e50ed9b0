"""`/api/incidents`: the list and one incident with all that led to it, in the documented shapes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from controller.store.checks.results import store_results
from controller.store.incidents import incidents
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.api import mailboxes
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.documented import MOMENT, UUID_TEXT, assert_holds
from tests.integration.api.outages import COUNTRIES, REASON, REFUSED, Outage, check, outage, places, tell

PATH = "/api/incidents"
NOBODY = "33333333-3333-4333-8333-333333333333"


@pytest.fixture(autouse=True)
async def no_incidents_yet(api: Api) -> None:
    await api.value("DELETE FROM incident")
    await places(api)


async def listed(api: Api, **params: Any) -> Any:
    answer = await api.client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def detail(api: Api, found: Outage) -> dict[str, Any]:
    answer = await api.client.get(found.path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def recovered(api: Api, found: Outage) -> datetime:
    """Both locations pass in the next round, and the judge has seen it."""
    due = found.began + timedelta(seconds=60)
    await store_results(api.database, [check(found.monitor, due, code) for code in COUNTRIES])
    async with api.database.transaction() as connection:
        await incidents.resolve(connection, found.incident.id, reason="2 of 2 countries pass")
    return due


def told(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
            "outageStartedAt": told(found.began),
            "started_at": told(found.began + timedelta(seconds=10, milliseconds=50)),
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
    await recovered(api, found)
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
    for wanted in ("1", "true"):
        page = await listed(api, includeTotal=wanted, limit=2, offset=1)
        assert ([item["id"] for item in page["incidents"]], page["total"]) == (numbers[1:], 3)
        assert (page["limit"], page["offset"]) == (2, 1)
    assert [item["id"] for item in await listed(api, includeTotal="0", limit=1)] == numbers[:1]
    assert await listed(api, offset=3) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        pytest.param({"limit": 501}, "limit: .*500", id="a limit of more than 500"),
        pytest.param({"limit": 0}, "limit: .*1", id="a limit of nothing"),
        pytest.param({"offset": -1}, "offset: .*0", id="an offset before the first"),
        pytest.param({"organizationId": "x"}, "Invalid organizationId", id="an organization that is no number"),
    ],
)
async def test_a_query_that_breaks_a_rule_is_400(api: Api, params: dict[str, Any], said: str) -> None:
    answer = await api.client.get(PATH, params=params)
    assert answer.status_code == 400
    assert re.search(said, answer.json()["message"])


async def test_a_limit_of_500_is_taken(api: Api) -> None:
    assert await listed(api, limit=500) == []


async def test_tokens_see_incidents_of_what_they_reach(api: Api) -> None:
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
    ("identifier", "status", "said"),
    [
        pytest.param("12", 400, "Incident public ID (UUID) required", id="a number"),
        pytest.param("x", 400, "Incident public ID (UUID) required", id="no id at all"),
        pytest.param(NOBODY, 404, "Incident not found", id="unknown"),
    ],
)
@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("POST", "/acknowledge"), ("POST", "/comments"), ("POST", "/resolve")],
)
async def test_what_names_no_incident_is_told_in_the_vendors_words(
    api: Api, identifier: str, status: int, said: str, method: str, rest: str
) -> None:
    body = {"/acknowledge": {}, "/comments": {"comment": "c"}, "/resolve": {"reason": "r"}}.get(rest)
    answer = await api.client.request(method, f"{PATH}/{identifier}{rest}", json=body)
    assert (answer.status_code, answer.json()["message"]) == (status, said)


async def test_an_incident_tells_what_led_to_it_and_what_was_told(api: Api) -> None:
    found = await outage(api, await api.create())
    await tell(api, found, "Ops Slack", "refused", None)
    body = await detail(api, found)
    assert_holds(
        body["incident"],
        {
            "id": found.incident.id,
            "websiteId": None,
            "type": "downtime",
            "status": "open",
            "startedAt": told(found.began + timedelta(seconds=10, milliseconds=50)),
            "resolvedAt": None,
            "statusCode": None,
            "errorMessage": REASON,
            "responseTimeMs": None,
            "evidence": {"purpose": "recheck", "votes": [{"location": code, "ballot": "failed"} for code in COUNTRIES]},
        },
    )
    timeline = body["timeline"]
    first = {
        "id": UUID_TEXT,
        "checkedAt": told(found.began + timedelta(milliseconds=31)),
        "status": "failure",
        "statusCode": None,
        "errorMessage": "refused",
        "responseTimeMs": 31,
        "location": {"id": int, "code": "de-nbg", "name": "de-nbg", "countryCode": "DE"},
        "failure": {"kind": "refused", "phase": "connect", "source": "target", "detail": "refused"},
        "scheduledAt": told(found.began),
        "purpose": "scheduled",
    }
    assert_holds(
        timeline,
        {
            "outageStartedAt": told(found.began),
            "outageStartedCheck": first,
            "confirmationAt": body["incident"]["startedAt"],
            "failedChecksTotal": 4,
            "alertEvents": [
                {"type": "slack", "status": "failed", "channelName": "Ops Slack", "errorMessage": "refused"},
                {"type": "slack", "status": "sent", "channelName": "Ops Slack", "errorMessage": None},
            ],
            "recoveryChecks": [],
            "recoveryChecksTotal": 0,
            "changes": [{"kind": "opened", "verdict": "down", "reason": REASON, "doneBy": None, "at": MOMENT}],
        },
    )
    assert [one["purpose"] for one in timeline["failedChecks"]] == ["scheduled"] * 2 + ["recheck"] * 2
    assert_holds(
        body["evidenceCheck"],
        {
            "id": timeline["failedChecks"][3]["id"],
            "checkedAt": MOMENT,
            "diagnostics": {"address": "192.0.2.25"},
            "hasScreenshot": False,
            "screenshotUrl": None,
            "failure": {"kind": "refused"},
            "transcript": [{"atMs": 1.5, "speaker": "note", "text": "192.0.2.25: connection refused"}],
        },
    )
    assert body["evidenceCheck"]["id"] in [vote["checkId"] for vote in body["incident"]["evidence"]["votes"]]


async def test_recovery_checks_are_those_that_passed_after_the_last_failure_of_their_location(api: Api) -> None:
    found = await outage(api, await api.create())
    later = found.began + timedelta(seconds=30)
    await store_results(
        api.database,
        [
            check(found.monitor, later, "de-nbg"),
            check(found.monitor, later + timedelta(seconds=1), "de-nbg", failure=REFUSED),
            check(found.monitor, later + timedelta(seconds=2), "fi-hel", purpose=Purpose.TRIGGERED),
        ],
    )
    due = await recovered(api, found)
    timeline = (await detail(api, found))["timeline"]
    assert [one["scheduledAt"] for one in timeline["recoveryChecks"]] == [told(due)] * 2
    assert [one["location"]["code"] for one in timeline["recoveryChecks"]] == list(COUNTRIES)
    assert (timeline["recoveryChecksTotal"], timeline["failedChecksTotal"]) == (2, 5)
    assert [change["kind"] for change in timeline["changes"]] == ["opened", "resolved"]


async def test_checks_outside_the_outage_and_those_run_by_hand_are_not_its_own(api: Api) -> None:
    found = await outage(api, await api.create())
    await store_results(
        api.database,
        [
            check(found.monitor, found.began - timedelta(seconds=1), "de-nbg", failure=REFUSED),
            check(
                found.monitor, found.began + timedelta(seconds=1), "de-nbg", failure=REFUSED, purpose=Purpose.TRIGGERED
            ),
        ],
    )
    await recovered(api, found)
    await store_results(
        api.database, [check(found.monitor, utc_now() + timedelta(seconds=5), "de-nbg", failure=REFUSED)]
    )
    assert (await detail(api, found))["timeline"]["failedChecksTotal"] == 4


async def test_of_many_checks_the_first_are_shown_and_all_are_counted(api: Api) -> None:
    found = await outage(api, await api.create())
    more = [
        check(found.monitor, found.began + timedelta(seconds=20 + n), code, failure=REFUSED)
        for n in range(30)
        for code in COUNTRIES
    ]
    await store_results(api.database, more)
    timeline = (await detail(api, found))["timeline"]
    assert (len(timeline["failedChecks"]), timeline["failedChecksTotal"]) == (50, 64)
    assert timeline["failedChecks"][0] == timeline["outageStartedCheck"]


async def test_an_incident_whose_checks_were_removed_keeps_its_story(api: Api) -> None:
    found = await outage(api, await api.create())
    await api.value("DELETE FROM result WHERE monitor_id = $1", found.monitor["id"])
    body = await detail(api, found)
    assert (body["evidenceCheck"], body["timeline"]["outageStartedCheck"]) == (None, None)
    assert (body["timeline"]["failedChecks"], len(body["incident"]["evidence"]["votes"])) == ([], 2)
