"""Controllers are killed at the begin and the end of maintenance windows: each is applied once, with its own times."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest

from shared.clock import utc_now
from shared.wire.messages import EventType
from shared.wire.side_events import MaintenanceEvent
from tests.fakes.folders import data_folder
from tests.fakes.installation import recorded
from tests.system import monitors
from tests.system.drills.drill import Drill, ready
from tests.system.event_log import read_events
from tests.system.product import eventually

MONITORS = 40
LASTS = 25
"""Seconds of a window: two rounds and a start of the controller."""


class Planned(NamedTuple):
    start: datetime
    end: datetime
    effect: str
    label: str


def _plan(drill: Drill, effect: str, label: str, start: datetime) -> Planned:
    planned = Planned(start, start + timedelta(seconds=LASTS), effect, label)
    body: dict[str, Any] = {
        "name": label,
        "timeZone": "UTC",
        "start": f"{planned.start:%Y-%m-%dT%H:%M:%S}",
        "end": f"{planned.end:%Y-%m-%dT%H:%M:%S}",
        "targets": {"labels": [{"key": "drill", "value": label}]},
        "effect": effect,
    }
    answer = drill.product.api.post("/api/v1/maintenance-windows", json=body)
    assert answer.status_code == 201, answer.text
    return planned


def _label(drill: Drill) -> None:
    """Half of the monitors get each label."""
    items = drill.product.api.get("/api/v1/monitors", params={"limit": 200}).json()["items"]
    for number, item in enumerate(items):
        label = {"drill": ("silence", "suspend")[number % 2]}
        answer = drill.product.api.patch(f"/api/v1/monitors/{item['id']}", json={"labels": label})
        assert answer.status_code == 200, answer.text


def _kill_at(drill: Drill, moment: datetime) -> None:
    """Kill the controller a moment before, so that none runs at the border."""
    time.sleep(max(0.0, (moment - utc_now()).total_seconds() - 0.3))
    drill.signal(signal.SIGKILL, "controller")


@pytest.mark.long
def test_borders_are_applied_once_when_controllers_are_killed_at_them() -> None:
    with data_folder() as folder, Drill(folder, MONITORS) as drill:
        _label(drill)
        time.sleep(12)
        start = (utc_now() + timedelta(seconds=12)).replace(microsecond=0)
        plans = [_plan(drill, effect, effect, start) for effect in ("silence", "suspend")]
        _kill_at(drill, plans[0].start)
        time.sleep(LASTS / 2)
        _kill_at(drill, plans[0].end)
        eventually(lambda: ready(str(drill.product.api.base_url)), "the controller serves")
        eventually(lambda: asyncio.run(_none_left(drill)), "every monitor left maintenance")
        time.sleep(2 * monitors.INTERVAL_SECONDS)
        times, inside, gaps = asyncio.run(_written(drill, plans))
        balance = drill.balance()
        events = asyncio.run(read_events(recorded(drill.product.record), EventType.MAINTENANCE, MaintenanceEvent))
    assert not balance.problems, str(balance)
    assert times == {(plan.start, plan.end, plan.effect): MONITORS // 2 for plan in plans}
    changes: dict[str, list[str]] = {}
    for event in events:
        changes.setdefault(str(event.monitor_id), []).append(event.change)
    assert len(changes) == MONITORS
    assert set(map(tuple, changes.values())) == {("began", "ended")}
    assert inside["silence"] >= MONITORS
    assert inside["suspend"] == 0
    assert set(gaps) == {"maintenance"}


async def _none_left(drill: Drill) -> bool:
    connection = await asyncpg.connect(drill.product.record["databaseUrl"])
    try:
        none_left: bool = await connection.fetchval("SELECT NOT EXISTS (SELECT FROM monitor_in_maintenance)")
        return none_left
    finally:
        await connection.close()


async def _written(
    drill: Drill, plans: list[Planned]
) -> tuple[dict[tuple[datetime, datetime, str], int], dict[str, int], list[str]]:
    """How many monitors have each time, results due inside by label, and reasons of the suspended monitors' gaps inside
    which are not about a controller that was away.
    """
    connection = await asyncpg.connect(drill.product.record["databaseUrl"])
    try:
        times = await connection.fetch("SELECT from_at, to_at, effect, count(*) FROM maintenance_time GROUP BY 1, 2, 3")
        start, end = plans[0].start, plans[0].end
        inside = await connection.fetch(
            "SELECT labels ->> 'drill' AS label, count(*) FROM result JOIN monitor ON monitor.id = monitor_id"
            " WHERE due_at >= $1 AND due_at < $2 AND purpose = 'scheduled' GROUP BY 1",
            start,
            end,
        )
        gaps = await connection.fetch(
            "SELECT DISTINCT reason FROM gap JOIN monitor ON monitor.id = monitor_id"
            " WHERE from_at >= $1 AND from_at < $2 AND labels ->> 'drill' = 'suspend'",
            start,
            end,
        )
    finally:
        await connection.close()
    counts = dict.fromkeys(("silence", "suspend"), 0) | {row["label"]: row["count"] for row in inside}
    return (
        {(row["from_at"], row["to_at"], row["effect"]): row["count"] for row in times},
        counts,
        [row["reason"] for row in gaps],
    )
