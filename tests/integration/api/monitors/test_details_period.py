"""The period and the granularity of a monitor's details."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
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


@pytest.mark.parametrize(("range_", "seconds"), [("day", 300), ("week", 3600), ("month", 21600), ("year", 86400)])
async def test_every_range_shows_all_checks_whether_rolled_up_or_not(
    located_api: Api, range_: str, seconds: int
) -> None:
    path = "/api/smtp-monitors"
    made = await create_monitor(located_api, path)
    now = utc_now()
    checks = [result(made, now - n * timedelta(minutes=100), duration_ms=10.0 + n) for n in range(1, 13)]
    await store_results(located_api.database, checks)
    for rolled in (None, now - 11 * HOUR, now):
        if rolled:
            await roll_up(located_api.database, rolled)
        found = await details(located_api, path, made, range=range_)
        buckets = found["monitoringData"]
        assert {bucket["bucketSeconds"] for bucket in buckets} == {seconds}
        assert sum(bucket["checks"] for bucket in buckets) == 12
        assert sum(bucket["checks"] * bucket["avgMs"] for bucket in buckets) == pytest.approx(198, rel=0.001)
        starts = [bucket["bucketStart"] for bucket in buckets]
        assert starts == sorted(set(starts))
        assert all(datetime.fromisoformat(start).timestamp() % seconds == 0 for start in starts)
        assert found["monitoringDataMeta"]["bucketSeconds"] == seconds


async def test_the_granularity_raw_shows_every_check_separately(located_api: Api) -> None:
    path = "/api/smtp-monitors"
    made = await create_monitor(located_api, path)
    now = utc_now()
    checks = [
        result(made, now - 3 * HOUR, duration_ms=7.5),
        result(made, now - 2 * HOUR, failure=DOWN),
        result(made, now - 2 * HOUR, "fi-hel", failure=BLIND),
        result(made, now - 50 * HOUR),
    ]
    await store_results(located_api.database, checks)
    found = await details(located_api, path, made, granularity="raw")
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
    assert len((await details(located_api, path, made, granularity="raw", range="week"))["monitoringData"]) == 4


async def test_at_most_10000_raw_checks_are_shown_and_the_rest_is_flagged_as_truncated(located_api: Api) -> None:
    path = "/api/smtp-monitors"
    made = await create_monitor(located_api, path)
    now = utc_now()
    await located_api.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)"
        " SELECT $1, $2::timestamptz - n * interval '1 second', location.id, 'scheduled', 'success', 1, $2, 'a', '[]'"
        " FROM generate_series(1, 10001) AS n, location WHERE code = 'de-nbg'",
        made["id"],
        now,
    )
    found = await details(located_api, path, made, granularity="raw")
    assert len(found["monitoringData"]) == 10_000
    assert found["monitoringDataMeta"]["truncated"] is True
    assert found["monitoringData"][-1]["bucketStart"] == text(now - timedelta(seconds=1)), "the latest are shown"


async def test_dates_select_the_period_shown(located_api: Api) -> None:
    path = "/api/smtp-monitors"
    made = await create_monitor(located_api, path)
    today = utc_now().date()
    noon = datetime.combine(today - timedelta(days=2), datetime.min.time(), UTC) + 12 * HOUR
    await store_results(located_api.database, [result(made, noon + n * 24 * HOUR) for n in (0, 1)])
    day = noon.date().isoformat()
    for query in (
        {"date": day},
        {"startDate": day, "endDate": day},
        {"startDate": f"{day}T00:00:00Z", "endDate": f"{day}T23:00:00+00:00"},
        {"endDate": noon.strftime("%a, %d %b %Y 20:00:00 GMT")},
        {"startDate": f"{day}T11:00", "endDate": f"{day}T13:00"},
        {"endDate": day, "range": "week"},
    ):
        found = await details(located_api, path, made, **query)
        assert [bucket["checks"] for bucket in found["monitoringData"]] == [1], query
    found = await details(located_api, path, made, date=day)
    assert found["uptimeStats"]["day"] == 100.0
    assert found["uptimeStatsMeta"]["day"]["to"] == text(noon + 12 * HOUR)
    shown = found["monitoringDataMeta"]
    assert (shown["from"], shown["to"]) == (text(noon - 12 * HOUR), text(noon + 12 * HOUR)), "exactly that day"


@GROUPS
@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param({"range": "decade"}, "range must be one of day, week, month, year", id="an unknown range"),
        pytest.param(
            {"date": "soon"}, "date must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z", id="a malformed date"
        ),
        pytest.param(
            {"startDate": "2026-13-01"},
            "startDate must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z",
            id="a malformed start date",
        ),
        pytest.param({"endDate": "9999-12-31"}, None, id="an end far in the future counts as now"),
        pytest.param(
            {"endDate": "0001-01-01T00:00+14:00"},
            "endDate must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z",
            id="an end date before year 1 in UTC",
        ),
        pytest.param(
            {"date": "\0"}, "date must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z", id="a date with a NUL"
        ),
        pytest.param(
            {"startDate": "2026-01-02", "endDate": "2026-01-01"},
            "startDate must be before endDate and before now",
            id="a start after the end",
        ),
        pytest.param(
            {"startDate": "1999-01-01"},
            "startDate must be at most 731 days before endDate",
            id="a period of more than two years",
        ),
        pytest.param(
            {"date": "1800-01-01"},
            "startDate must be before endDate and before now",
            id="a date before the default start",
        ),
        pytest.param(
            {"range": "", "date": "", "granularity": "hour"},
            None,
            id="empty values are ignored, and so is an unknown granularity",
        ),
    ],
)
async def test_a_query_is_answered_or_refused_with_the_name_of_the_parameter(
    located_api: Api, path: str, number: str, timing: str, query: dict[str, str], message: str | None
) -> None:
    made = await create_monitor(located_api, path)
    answer = await located_api.client.get(f"{path}/{made['publicId']}/details", params=query)
    if message is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["message"]) == (400, message)
