"""The details of a monitor: its latest check, uptime, chart and maintenance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import Api
from tests.integration.api.monitors.details_requests import (
    BLIND,
    DOWN,
    GROUPS,
    HOUR,
    create_monitor,
    details,
    result,
    text,
)
from tests.integration.outages import outage

KEYS = {
    *("monitor", "latestCheck", "uptimeStats", "uptimeStatsMeta", "monitoringData", "incidents", "alerts"),
    *("testResultLog", "maintenance", "verdict"),
}


@GROUPS
async def test_a_monitor_never_checked_has_every_key_and_no_figures(
    located_api: Api, path: str, number: str, timing: str
) -> None:
    made = await create_monitor(located_api, path)
    found = await details(located_api, path, made)
    assert set(found) == KEYS | {number, "monitoringDataMeta"}
    assert found[number] == found["monitor"]["id"] == made["id"]
    assert found["latestCheck"] is None
    assert found["uptimeStats"] == dict.fromkeys(
        ("day", "month", "year", "dayAvgResponse", "monthAvgResponse", "yearAvgResponse")
    )
    assert set(found["uptimeStatsMeta"]) == {"day", "month", "year"}
    assert [found[name] for name in ("monitoringData", "incidents", "alerts", "testResultLog")] == [[], [], [], []]
    assert found["maintenance"] == {"inMaintenance": False, "activeWindows": [], "allWindows": []}
    shown = ("id", "customerId", "name", "hostname", "port", "status", "checkInterval", "timeoutSeconds", "config")
    assert {name: found["monitor"][name] for name in shown} == {name: made[name] for name in shown}


@GROUPS
async def test_the_figures_are_computed_from_the_checks(located_api: Api, path: str, number: str, timing: str) -> None:
    made = await create_monitor(located_api, path)
    now = utc_now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    checks = [
        result(made, hour - 30 * HOUR, duration_ms=1000.0),
        result(made, hour - 5 * HOUR, duration_ms=20.0),
        result(made, hour - 5 * HOUR, "fi-hel", duration_ms=40.0),
        result(made, hour - 4 * HOUR, failure=DOWN, duration_ms=5.0),
        result(made, hour - 4 * HOUR, "fi-hel", failure=DOWN, duration_ms=5.0),
        result(made, hour - 3 * HOUR, duration_ms=30.0),
        result(made, hour - 3 * HOUR, "fi-hel", failure=BLIND),
        result(made, now - timedelta(seconds=2), duration_ms=1.0, purpose=Purpose.TRIGGERED),
    ]
    await store_results(located_api.database, checks)
    await outage(
        located_api.database, made["id"], ("opened", "down", hour - 4 * HOUR), ("resolved", "down", hour - 3 * HOUR)
    )
    found = await details(located_api, path, made)

    latest = found["testResultLog"][0]
    assert len(found["testResultLog"]) == 8
    assert found["latestCheck"] == {
        "status": "success",
        "checkedAt": text(checks[-1].started_at + timedelta(milliseconds=1)),
        timing: 1,
        "locationCode": "de-nbg",
        "locationName": "Nuremberg (DE)",
    }
    assert {name: latest[name] for name in found["latestCheck"]} == found["latestCheck"]

    assert found["uptimeStats"]["day"] == 66.666
    assert found["uptimeStats"]["month"] == found["uptimeStats"]["year"] == 75.0
    assert found["uptimeStats"]["dayAvgResponse"] == 22.75
    assert found["uptimeStats"]["monthAvgResponse"] == 218.2
    assert {name: found["uptimeStatsMeta"]["day"][name] for name in ("checks", "failures", "blind", "locations")} == {
        "checks": 6,
        "failures": 2,
        "blind": 1,
        "locations": 2,
    }
    assert found["uptimeStatsMeta"]["month"]["checks"] == 7

    by_start = {bucket["bucketStart"]: bucket for bucket in found["monitoringData"]}
    assert by_start[text(hour - 5 * HOUR)] == {
        "bucketStart": text(hour - 5 * HOUR),
        "bucketSeconds": 300,
        "checks": 2,
        "failures": 0,
        "blind": 0,
        "warnings": 0,
        "avgMs": 30.0,
        "p50Ms": pytest.approx(20, rel=0.026),
        "p95Ms": pytest.approx(40, rel=0.026),
        "maxMs": 40.0,
        "byLocation": {
            "de-nbg": {"checks": 1, "failures": 0, "blind": 0, "avgMs": 20.0},
            "fi-hel": {"checks": 1, "failures": 0, "blind": 0, "avgMs": 40.0},
        },
    }
    assert len(by_start) == 4

    dated = await details(
        located_api, path, made, date=text(now)
    )  # without a date, the next hour or day could begin between two calls
    before = {name: dated[name] for name in ("uptimeStats", "uptimeStatsMeta")}
    assert before["uptimeStats"] == found["uptimeStats"]
    for rolled in (now - 10 * HOUR, now):
        await roll_up(located_api.database, rolled)
        again = await details(located_api, path, made, date=text(now))
        same = {name: again[name] for name in before}
        for at in ("day", "month", "year"):  # the end of the period is the time of the call
            same["uptimeStatsMeta"][at]["to"] = before["uptimeStatsMeta"][at]["to"]
        assert same == before, "rollups give the same figures as the results"


@GROUPS
async def test_passwords_are_masked_in_details(located_api: Api, path: str, number: str, timing: str) -> None:
    config = {"auth": {"user": "u", "pass": "geheim"}} if "smtp" in path else {"user": "u", "password": "geheim"}
    made = await create_monitor(located_api, path, config=config)
    answer = await located_api.client.get(f"{path}/{made['publicId']}/details")
    assert "geheim" not in answer.text
    assert "********" in answer.text


async def test_a_monitor_in_maintenance_is_shown_as_such(located_api: Api) -> None:
    made = await create_monitor(located_api, "/api/smtp-monitors", status="maintenance")
    found = await details(located_api, "/api/smtp-monitors", made)
    assert found["maintenance"]["inMaintenance"] is True
