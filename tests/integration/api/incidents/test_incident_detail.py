"""`/api/incidents/{id}`: one incident with its evidence and timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import Api
from tests.integration.api.documented import MOMENT, UUID_TEXT, assert_holds
from tests.integration.api.outages import (
    COUNTRIES,
    REASON,
    REFUSED,
    add_delivery,
    check_result,
    detail,
    make_locations,
    outage,
    recover,
    timestamp,
)


@pytest.fixture(autouse=True)
async def no_incidents_yet(api: Api) -> None:
    await api.value("DELETE FROM incident")
    await make_locations(api)


async def test_an_incident_shows_its_evidence_its_checks_and_its_alerts(api: Api) -> None:
    found = await outage(api, await api.create())
    await add_delivery(api, found, "Ops Slack", "refused", None)
    body = await detail(api, found)
    assert_holds(
        body["incident"],
        {
            "id": found.incident.id,
            "websiteId": None,
            "type": "downtime",
            "status": "open",
            "startedAt": timestamp(found.began + timedelta(seconds=10, milliseconds=50)),
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
        "checkedAt": timestamp(found.began + timedelta(milliseconds=31)),
        "status": "failure",
        "statusCode": None,
        "errorMessage": "refused",
        "responseTimeMs": 31,
        "location": {"id": int, "code": "de-nbg", "name": "de-nbg", "countryCode": "DE"},
        "failure": {"kind": "refused", "phase": "connect", "source": "target", "detail": "refused"},
        "scheduledAt": timestamp(found.began),
        "purpose": "scheduled",
    }
    assert_holds(
        timeline,
        {
            "outageStartedAt": timestamp(found.began),
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
            check_result(found.monitor, later, "de-nbg"),
            check_result(found.monitor, later + timedelta(seconds=1), "de-nbg", failure=REFUSED),
            check_result(found.monitor, later + timedelta(seconds=2), "fi-hel", purpose=Purpose.TRIGGERED),
        ],
    )
    due = await recover(api, found)
    timeline = (await detail(api, found))["timeline"]
    assert [one["scheduledAt"] for one in timeline["recoveryChecks"]] == [timestamp(due)] * 2
    assert [one["location"]["code"] for one in timeline["recoveryChecks"]] == list(COUNTRIES)
    assert (timeline["recoveryChecksTotal"], timeline["failedChecksTotal"]) == (2, 5)
    assert [change["kind"] for change in timeline["changes"]] == ["opened", "resolved"]


async def test_checks_outside_the_outage_and_triggered_checks_are_not_counted(api: Api) -> None:
    found = await outage(api, await api.create())
    await store_results(
        api.database,
        [
            check_result(found.monitor, found.began - timedelta(seconds=1), "de-nbg", failure=REFUSED),
            check_result(
                found.monitor, found.began + timedelta(seconds=1), "de-nbg", failure=REFUSED, purpose=Purpose.TRIGGERED
            ),
        ],
    )
    await recover(api, found)
    await store_results(
        api.database, [check_result(found.monitor, utc_now() + timedelta(seconds=5), "de-nbg", failure=REFUSED)]
    )
    assert (await detail(api, found))["timeline"]["failedChecksTotal"] == 4


async def test_of_many_checks_the_first_are_shown_and_all_are_counted(api: Api) -> None:
    found = await outage(api, await api.create())
    more = [
        check_result(found.monitor, found.began + timedelta(seconds=20 + n), code, failure=REFUSED)
        for n in range(30)
        for code in COUNTRIES
    ]
    await store_results(api.database, more)
    timeline = (await detail(api, found))["timeline"]
    assert (len(timeline["failedChecks"]), timeline["failedChecksTotal"]) == (50, 64)
    assert timeline["failedChecks"][0] == timeline["outageStartedCheck"]


async def test_an_incident_keeps_its_evidence_after_its_checks_were_deleted(api: Api) -> None:
    found = await outage(api, await api.create())
    await api.value("DELETE FROM result WHERE monitor_id = $1", found.monitor["id"])
    body = await detail(api, found)
    assert (body["evidenceCheck"], body["timeline"]["outageStartedCheck"]) == (None, None)
    assert (body["timeline"]["failedChecks"], len(body["incident"]["evidence"]["votes"])) == ([], 2)
