"""The uptime of a monitor: judged time, outages and maintenance of the usual times or of a free one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from tests.integration.api.conftest import Api
from tests.integration.api.documented import assert_holds
from tests.integration.api.monitors.details_requests import DOWN, HOUR, result, text
from tests.integration.api.outages import REASON, outage, recover

MINUTE = timedelta(minutes=1)


async def uptime(api: Api, made: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    named = {name.rstrip("_"): value for name, value in query.items()}
    answer = await api.client.get(f"/api/v1/monitors/{made['publicId']}/uptime", params=named)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def rounds(made: dict[str, Any], since: datetime, number: int, **fields: Any) -> list[Any]:
    return [result(made, since + minute * MINUTE, **fields) for minute in range(number)]


async def test_without_checks_nothing_is_judged(located_api: Api) -> None:
    found = await uptime(located_api, await located_api.create())
    assert [one["range"] for one in found] == ["day", "month", "year"]
    for one in found:
        assert (one["uptimePercent"], one["judgedSeconds"], one["outages"], one["maintenance"]) == (None, 0, [], [])


async def test_a_free_time_is_judged_exactly(located_api: Api) -> None:
    made = await located_api.create(checkInterval=1)
    began = utc_now().replace(microsecond=0) - 10 * MINUTE
    await store_results(located_api.database, rounds(made, began - 10 * MINUTE, 10))
    down = await outage(located_api, made, began=began)
    ended = await recover(located_api, down)
    since, until = began - 5 * MINUTE - timedelta(seconds=30), ended
    [found] = await uptime(located_api, made, from_=text(since), to=text(until))
    assert_holds(
        found,
        {"range": None, "from": text(since), "to": text(until), "judgedSeconds": 390.0, "downSeconds": 60.0},
    )
    assert found["uptimePercent"] == pytest.approx(100 * 330 / 390, abs=0.001)
    [one] = found["outages"]
    assert_holds(one, {"severity": "down", "startedAt": text(began), "reason": REASON})
    assert one["incidentId"] == str(down.incident.public_id)


@pytest.mark.parametrize("rolled", [False, True], ids=["from results", "from roll-ups"])
async def test_maintenance_and_time_without_rounds_are_left_out(located_api: Api, rolled: bool) -> None:
    made = await located_api.create(checkInterval=1)
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    begun = hour - 5 * HOUR
    await store_results(
        located_api.database, rounds(made, begun, 60) + rounds(made, begun + 2 * HOUR, 30, failure=DOWN)
    )
    await located_api.value(
        "INSERT INTO maintenance_time (monitor_id, from_at, to_at) VALUES ($1, $2, $3)",
        made["id"],
        begun + 30 * MINUTE,
        begun + 45 * MINUTE,
    )
    if rolled:
        await roll_up(located_api.database)
    [day] = await uptime(located_api, made, range="day")
    assert_holds(day, {"range": "day", "judgedSeconds": 4500.0, "downSeconds": 0.0, "maintenanceSeconds": 900.0})
    assert day["maintenance"] == [{"startedAt": text(begun + 30 * MINUTE), "endedAt": text(begun + 45 * MINUTE)}]
    [long] = await uptime(located_api, made, from_=text(hour - 48 * HOUR), to=text(hour))
    assert (long["from"], long["judgedSeconds"], long["uptimePercent"]) == (text(hour - 48 * HOUR), 4500.0, 100.0)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"range": "decade"}, "range"),
        ({"range": "day", "to": "2026-01-01"}, "range"),
        ({"from": "soon"}, "from"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ({"from": "2999-01-01"}, "from"),
        ({"from": "2001-01-01", "to": "2026-01-01"}, "from"),
        ({"since": "2026-01-01"}, "since"),
    ],
)
async def test_a_wrong_parameter_is_named(api: Api, query: dict[str, str], field: str) -> None:
    made = await api.create()
    answer = await api.client.get(f"/api/v1/monitors/{made['publicId']}/uptime", params=query)
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
