"""One call for a monitor's page: latest checks, uptime, chart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from controller.store.platform.partitions import make_partitions
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id, to_ms
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.outages import outage

DOWN = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
BLIND = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)
KEYS = {
    *("monitor", "latestCheck", "uptimeStats", "uptimeStatsMeta", "monitoringData", "incidents", "alerts"),
    *("testResultLog", "maintenance", "verdict"),
}
HOUR = timedelta(hours=1)
GROUPS = pytest.mark.parametrize(
    ("path", "number", "timing"),
    [
        pytest.param("/api/smtp-monitors", "smtpMonitorId", "timingSmtp", id="smtp"),
        pytest.param("/api/imap-pop-monitors", "imapPopMonitorId", "timingImapPop", id="imap-pop"),
    ],
)


@pytest.fixture
async def ready(api: Api) -> AsyncIterator[Api]:
    """Two locations, partitions for three days, nothing rolled up yet."""
    today = utc_now().date()
    await make_partitions(api.database, today - timedelta(days=3), today)
    await make_months(api.database, today)
    for code, name, country in (("de-nbg", "Nuremberg (DE)", "DE"), ("fi-hel", "Helsinki (FI)", "FI")):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $2, $3, 'k')", code, name, country
        )
    since = datetime.combine(today - timedelta(days=3), datetime.min.time(), UTC)
    await api.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", since)
    yield api
    await api.value("DELETE FROM location")


async def make(api: Api, path: str, **fields: Any) -> dict[str, Any]:
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com", "checkInterval": 60, **fields}
    answer = await api.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def details(api: Api, path: str, made: dict[str, Any], **query: str) -> dict[str, Any]:
    answer = await api.client.get(f"{path}/{made['publicId']}/details", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def result(made: dict[str, Any], due: datetime, location: str = "de-nbg", **fields: Any) -> CheckResult:
    monitor = UUID(made["publicId"])
    values: dict[str, Any] = {"purpose": Purpose.SCHEDULED, "duration_ms": 12.5, **fields}
    return CheckResult(
        check_id=check_id(monitor, to_ms(due), location, values["purpose"]),
        monitor_id=monitor,
        location=location,
        country=location[:2].upper(),
        agent="a",
        due_at=due,
        started_at=due,
        **values,
    )


def text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@GROUPS
async def test_a_monitor_never_checked_has_every_key_and_no_figures(
    ready: Api, path: str, number: str, timing: str
) -> None:
    made = await make(ready, path)
    found = await details(ready, path, made)
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
async def test_the_figures_are_those_of_the_checks(ready: Api, path: str, number: str, timing: str) -> None:
    made = await make(ready, path)
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
    await store_results(ready.database, checks)
    await outage(ready.database, made["id"], ("opened", "down", hour - 4 * HOUR), ("resolved", "down", hour - 3 * HOUR))
    found = await details(ready, path, made)

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

    dated = await details(ready, path, made, date=text(now))  # without it the next hour, or day, may begin in between
    before = {name: dated[name] for name in ("uptimeStats", "uptimeStatsMeta")}
    assert before["uptimeStats"] == found["uptimeStats"]
    for rolled in (now - 10 * HOUR, now):
        await roll_up(ready.database, rolled)
        again = await details(ready, path, made, date=text(now))
        same = {name: again[name] for name in before}
        for at in ("day", "month", "year"):  # the end of the time is the moment of the call
            same["uptimeStatsMeta"][at]["to"] = before["uptimeStatsMeta"][at]["to"]
        assert same == before, "what is rolled up says the same as the results"


@pytest.mark.parametrize(("range_", "seconds"), [("day", 300), ("week", 3600), ("month", 21600), ("year", 86400)])
async def test_every_range_shows_all_checks_rolled_up_or_not(ready: Api, range_: str, seconds: int) -> None:
    path = "/api/smtp-monitors"
    made = await make(ready, path)
    now = utc_now()
    checks = [result(made, now - n * timedelta(minutes=100), duration_ms=10.0 + n) for n in range(1, 13)]
    await store_results(ready.database, checks)
    for rolled in (None, now - 11 * HOUR, now):
        if rolled:
            await roll_up(ready.database, rolled)
        found = await details(ready, path, made, range=range_)
        buckets = found["monitoringData"]
        assert {bucket["bucketSeconds"] for bucket in buckets} == {seconds}
        assert sum(bucket["checks"] for bucket in buckets) == 12
        assert sum(bucket["checks"] * bucket["avgMs"] for bucket in buckets) == pytest.approx(198, rel=0.001)
        starts = [bucket["bucketStart"] for bucket in buckets]
        assert starts == sorted(set(starts))
        assert all(datetime.fromisoformat(start).timestamp() % seconds == 0 for start in starts)
        assert found["monitoringDataMeta"]["bucketSeconds"] == seconds


async def test_raw_shows_every_check_by_itself(ready: Api) -> None:
    path = "/api/smtp-monitors"
    made = await make(ready, path)
    now = utc_now()
    checks = [
        result(made, now - 3 * HOUR, duration_ms=7.5),
        result(made, now - 2 * HOUR, failure=DOWN),
        result(made, now - 2 * HOUR, "fi-hel", failure=BLIND),
        result(made, now - 50 * HOUR),
    ]
    await store_results(ready.database, checks)
    found = await details(ready, path, made, granularity="raw")
    assert [
        (item["bucketStart"], item["checks"], item["failures"], item["blind"], item["avgMs"], list(item["byLocation"]))
        for item in found["monitoringData"]
    ] == [
        (text(now - 3 * HOUR), 1, 0, 0, 7.5, ["de-nbg"]),
        (text(now - 2 * HOUR), 1, 1, 0, None, ["de-nbg"]),
        (text(now - 2 * HOUR), 0, 0, 1, None, ["fi-hel"]),
    ]
    assert {item["bucketSeconds"] for item in found["monitoringData"]} == {0}
    assert found["monitoringDataMeta"]["truncated"] is False
    assert len((await details(ready, path, made, granularity="raw", range="week"))["monitoringData"]) == 4


async def test_the_most_raw_checks_are_shown_and_that_there_were_more_is_said(ready: Api) -> None:
    path = "/api/smtp-monitors"
    made = await make(ready, path)
    now = utc_now()
    await ready.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)"
        " SELECT $1, $2::timestamptz - n * interval '1 second', location.id, 'scheduled', 'success', 1, $2, 'a', '[]'"
        " FROM generate_series(1, 10001) AS n, location WHERE code = 'de-nbg'",
        made["id"],
        now,
    )
    found = await details(ready, path, made, granularity="raw")
    assert len(found["monitoringData"]) == 10_000
    assert found["monitoringDataMeta"]["truncated"] is True
    assert found["monitoringData"][-1]["bucketStart"] == text(now - timedelta(seconds=1)), "the latest are shown"


async def test_dates_choose_the_time_shown(ready: Api) -> None:
    path = "/api/smtp-monitors"
    made = await make(ready, path)
    today = utc_now().date()
    noon = datetime.combine(today - timedelta(days=2), datetime.min.time(), UTC) + 12 * HOUR
    await store_results(ready.database, [result(made, noon + n * 24 * HOUR) for n in (0, 1)])
    day = noon.date().isoformat()
    for query in (
        {"date": day},
        {"startDate": day, "endDate": day},
        {"startDate": f"{day}T00:00:00Z", "endDate": f"{day}T23:00:00+00:00"},
        {"endDate": noon.strftime("%a, %d %b %Y 20:00:00 GMT")},
        {"startDate": f"{day}T11:00", "endDate": f"{day}T13:00"},
        {"endDate": day, "range": "week"},
    ):
        found = await details(ready, path, made, **query)
        assert [bucket["checks"] for bucket in found["monitoringData"]] == [1], query
    found = await details(ready, path, made, date=day)
    assert found["uptimeStats"]["day"] == 100.0
    assert found["uptimeStatsMeta"]["day"]["to"] == text(noon + 12 * HOUR)
    shown = found["monitoringDataMeta"]
    assert (shown["from"], shown["to"]) == (text(noon - 12 * HOUR), text(noon + 12 * HOUR)), "that day and no more"


@GROUPS
@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param({"range": "decade"}, "range must be one of day, week, month, year", id="range"),
        pytest.param({"date": "soon"}, "date must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z", id="date"),
        pytest.param(
            {"startDate": "2026-13-01"}, "startDate must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z", id="start"
        ),
        pytest.param({"endDate": "9999-12-31"}, None, id="an end far in the future is now"),
        pytest.param(
            {"endDate": "0001-01-01T00:00+14:00"},
            "endDate must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z",
            id="end",
        ),
        pytest.param({"date": "\0"}, "date must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z", id="a NUL"),
        pytest.param(
            {"startDate": "2026-01-02", "endDate": "2026-01-01"},
            "startDate must be before endDate and before now",
            id="backwards",
        ),
        pytest.param({"startDate": "1999-01-01"}, "startDate must be at most 731 days before endDate", id="too long"),
        pytest.param({"date": "1800-01-01"}, "startDate must be before endDate and before now", id="before all time"),
        pytest.param(
            {"range": "", "date": "", "granularity": "hour"}, None, id="empty is not given; other granularities"
        ),
    ],
)
async def test_a_query_is_answered_or_refused_by_name(
    ready: Api, path: str, number: str, timing: str, query: dict[str, str], message: str | None
) -> None:
    made = await make(ready, path)
    answer = await ready.client.get(f"{path}/{made['publicId']}/details", params=query)
    if message is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["message"]) == (400, message)


@GROUPS
async def test_passwords_are_masked_in_details(ready: Api, path: str, number: str, timing: str) -> None:
    config = {"auth": {"user": "u", "pass": "geheim"}} if "smtp" in path else {"user": "u", "password": "geheim"}
    made = await make(ready, path, config=config)
    answer = await ready.client.get(f"{path}/{made['publicId']}/details")
    assert "geheim" not in answer.text
    assert "********" in answer.text


async def test_a_monitor_in_maintenance_says_so(ready: Api) -> None:
    made = await make(ready, "/api/smtp-monitors", status="maintenance")
    found = await details(ready, "/api/smtp-monitors", made)
    assert found["maintenance"]["inMaintenance"] is True
