"""The course of a monitor's checks in buckets, read from results or from what they were rolled up to."""

from __future__ import annotations

from typing import Any

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from tests.integration.api.conftest import Api
from tests.integration.api.documented import assert_holds
from tests.integration.api.monitors.details_requests import BLIND, DOWN, HOUR, result, text


async def chart(api: Api, made: dict[str, Any], **query: str) -> dict[str, Any]:
    named = {name.rstrip("_"): value for name, value in query.items()}
    answer = await api.client.get(f"/api/v1/monitors/{made['publicId']}/chart", params=named)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_monitor_never_checked_has_no_buckets(located_api: Api) -> None:
    found = await chart(located_api, await located_api.create())
    assert (found["bucketSeconds"], found["items"]) == (300, [])


@pytest.mark.parametrize("rolled", [False, True], ids=["from results", "from roll-ups"])
async def test_figures_are_summed_up_in_all_and_by_location(located_api: Api, rolled: bool) -> None:
    made = await located_api.create()
    hour = utc_now().replace(minute=0, second=0, microsecond=0) - 30 * HOUR
    checks = [
        result(made, hour, duration_ms=20.0),
        result(made, hour, "fi-hel", duration_ms=40.0),
        result(made, hour + HOUR / 2, failure=DOWN, duration_ms=5.0),
        result(made, hour + HOUR / 2, "fi-hel", failure=BLIND),
        result(made, hour + 2 * HOUR, duration_ms=10.0),
    ]
    await store_results(located_api.database, checks)
    if rolled:
        await roll_up(located_api.database)
        await located_api.value("DELETE FROM result")
    found = await chart(located_api, made, range="week")
    assert found["bucketSeconds"] == 3600
    first, second = found["items"]
    assert_holds(
        first,
        {"from": text(hour), "checks": 3, "failures": 1, "blind": 1, "warnings": 0, "averageMs": 30.0, "maxMs": 40.0},
    )
    assert first["p50Ms"] == pytest.approx(20.0, rel=0.025)
    assert first["locations"] == {
        "de-nbg": {"checks": 2, "failures": 1, "blind": 0, "averageMs": 20.0},
        "fi-hel": {"checks": 1, "failures": 0, "blind": 1, "averageMs": 40.0},
    }
    assert (second["from"], second["checks"]) == (text(hour + 2 * HOUR), 1)
    short = await chart(located_api, made, from_=text(hour), to=text(hour + HOUR))
    assert (short["from"], short["to"]) == (text(hour), text(hour + HOUR))
    assert sum(one["checks"] for one in short["items"]) == (0 if rolled else 3)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"range": "decade"}, "range"),
        ({"range": "day", "to": "2026-01-01"}, "range"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ({"from": "2001-01-01", "to": "2026-01-01"}, "from"),
        ({"since": "2026-01-01"}, "since"),
    ],
)
async def test_a_time_that_is_none_is_refused(located_api: Api, query: dict[str, str], field: str) -> None:
    made = await located_api.create()
    answer = await located_api.client.get(f"/api/v1/monitors/{made['publicId']}/chart", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
