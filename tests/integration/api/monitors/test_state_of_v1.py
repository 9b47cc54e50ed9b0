"""The state of a monitor: its verdict and why, the open incident, and since when each location finds what it finds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import Api
from tests.integration.api.documented import assert_holds
from tests.integration.api.monitors.details_requests import BLIND, DOWN, HOUR, result, text
from tests.integration.api.outages import REASON, outage

MINUTE = timedelta(minutes=1)


async def state(api: Api, made: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.get(f"/api/v1/monitors/{made['publicId']}/state")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def miss(api: Api, made: dict[str, Any], at: datetime, reason: str) -> None:
    await api.value(
        "INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)"
        " SELECT $1, $2, $2, id, 'scheduled', $3 FROM location WHERE code = 'fi-hel'",
        made["id"],
        at,
        reason,
    )


async def test_a_monitor_that_was_never_checked(located_api: Api) -> None:
    made = await located_api.create()
    found = await state(located_api, made)
    assert [one.pop("location") for one in found["locations"]] == ["de-nbg", "fi-hel"]
    assert_holds(found, {"monitorId": made["publicId"], "kind": "smtp", "state": "unknown", "verdict": "unknown"})
    assert [found[name] for name in ("since", "failure", "evaluatedAt", "incident")] == [None] * 4
    for one in found["locations"]:
        assert [one[name] for name in ("status", "since", "blindReason", "result")] == [None] * 4
        assert (one["blind"], one["reason"]) == (False, "")


async def test_an_outage_with_its_reason_its_incident_and_each_location(located_api: Api) -> None:
    made = await located_api.create()
    down = await outage(located_api, made)
    confirmed = down.began + timedelta(seconds=10)
    found = await state(located_api, made)
    assert_holds(
        found,
        {
            "state": "down",
            "verdict": "down",
            "since": text(confirmed),
            "reason": REASON,
            "failure": {"kind": "refused", "phase": "connect"},
            "evaluatedAt": text(confirmed),
            "incident": {
                "id": str(down.incident.public_id),
                "severity": "down",
                "outageStartedAt": text(down.began),
                "acknowledgedAt": None,
            },
        },
    )
    for one in found["locations"]:
        assert_holds(
            one,
            {
                "status": "failure",
                "since": text(down.began),
                "reason": "cannot connect: refused",
                "blind": False,
                "result": {"dueAt": text(confirmed), "purpose": "recheck", "failure": {"kind": "refused"}},
            },
        )


async def test_a_disabled_monitor_keeps_its_verdict_beside_its_state(located_api: Api) -> None:
    made = await located_api.create()
    await outage(located_api, made)
    await located_api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"status": "maintenance"})
    found = await state(located_api, made)
    assert (found["state"], found["verdict"]) == ("maintenance", "down")


@pytest.mark.parametrize("rolled", [False, True], ids=["from results", "from roll-ups"])
@pytest.mark.parametrize(
    ("faults", "status"),
    [
        pytest.param([{}, {"failure": DOWN}, {}, {}], "success", id="passes again"),
        pytest.param([{"failure": DOWN}, {}, {"failure": DOWN}, {"failure": DOWN}], "failure", id="fails again"),
        pytest.param([{}, {"failure": DOWN}, {"failure": BLIND}, {"failure": BLIND}], "unknown", id="is blind"),
    ],
)
async def test_since_when_a_location_finds_this(
    located_api: Api, rolled: bool, faults: list[dict[str, Any]], status: str
) -> None:
    made = await located_api.create()
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    dues = [hour - 30 * HOUR, hour - 5 * HOUR, hour - 5 * HOUR + MINUTE, hour - 2 * HOUR]
    checks = [result(made, due, **fault) for due, fault in zip(dues, faults, strict=True)]
    steady = [result(made, due, "fi-hel") for due in dues]
    await store_results(located_api.database, [*checks, *steady])
    if rolled:
        await roll_up(located_api.database)
    german, finnish = (await state(located_api, made))["locations"]
    assert (german["status"], german["since"]) == (status, text(dues[2]))
    assert (german["result"]["dueAt"], german["blind"]) == (text(dues[3]), status == "unknown")
    assert german["blindReason"] == ("agent" if status == "unknown" else None)
    assert (finnish["status"], finnish["since"]) == ("success", text(dues[0]))


async def test_a_location_without_the_latest_results_is_blind(located_api: Api) -> None:
    made = await located_api.create()
    now = utc_now().replace(microsecond=0)
    await store_results(located_api.database, [result(made, now - 9 * MINUTE, "fi-hel"), result(made, now - MINUTE)])
    await miss(located_api, made, now - 10 * MINUTE, "late")
    await miss(located_api, made, now - 8 * MINUTE, "no_result")
    await miss(located_api, made, now - 7 * MINUTE, "no_agent")
    german, finnish = (await state(located_api, made))["locations"]
    assert (german["status"], german["blind"]) == ("success", False)
    assert_holds(
        finnish,
        {
            "status": "unknown",
            "blind": True,
            "blindReason": "no_agent",
            "since": text(now - 8 * MINUTE),
            "reason": "has no result: no agent",
            "result": {"status": "success", "dueAt": text(now - 9 * MINUTE)},
        },
    )


async def test_only_locations_that_may_check_the_monitor_are_shown(located_api: Api) -> None:
    made = await located_api.create(allowedCheckCountryCodes=["FI"])
    await store_results(located_api.database, [result(made, utc_now() - MINUTE, purpose=Purpose.TRIGGERED)])
    assert [one["location"] for one in (await state(located_api, made))["locations"]] == ["fi-hel"]
    nowhere = await located_api.create(allowedCheckCountryCodes=["JP"])
    found = await state(located_api, nowhere)
    assert found["locations"] == []
    assert "JP" in found["reason"]


async def test_somebody_else_does_not_find_it(api: Api) -> None:
    made = await api.create()
    path = f"/api/v1/monitors/{made['publicId']}/state"
    stranger = {"Authorization": f"Bearer {api.strange_token}"}
    assert (await api.client.get(path, headers=stranger)).status_code == 404
    assert (await api.client.get("/api/v1/monitors/7/state")).json()["errors"][0]["field"] == "publicId"
