"""A maintenance window begins and ends over many monitors, beside 500 windows and 20 for all monitors, with 40
days of their occurrences; and what the loop of a controller costs each second while nothing begins or ends.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from controller.pipeline.maintenance.borders import Borders
from controller.store.maintenance import borders
from controller.store.maintenance.suspended import suspensions
from controller.store.platform.pool import Connection
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.bench import many_monitors
from tests.bench.figures import Figures, Meter
from tests.bench.processes import Servers, servers

_WINDOWS = 500
_FOR_ALL = 20
_DAYS = 40
_IDLE_SECONDS = 20
_FILL = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, ends_on, recurrence, effect,
    expanded_until, tzdata)
  SELECT organization.id, 'w', 'UTC', now(), now() + interval '1 hour', '{"frequency": "daily"}', 'silence',
    'infinity', ''
  FROM organization, generate_series(1, $1) RETURNING id
), meant AS (
  INSERT INTO maintenance_target (window_id, label_key) SELECT id, 'role' FROM made
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at)
SELECT id, day, day, day + interval '1 hour'
FROM made, generate_series(now() - make_interval(days => $2), now() + make_interval(days => $2), interval '1 day')
  AS each (at), LATERAL (SELECT at + interval '2 hours' + id * interval '1 second') AS shifted (day)
"""
_EVERYWHERE = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, ends_on, recurrence, effect,
    whole_organization, expanded_until, tzdata)
  SELECT organization.id, 'e', 'UTC', now(), now() + interval '1 hour', '{"frequency": "daily"}', 'silence', true,
    'infinity', ''
  FROM organization, generate_series(1, $1) RETURNING id
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at)
SELECT id, day, day, day + interval '1 hour'
FROM made, generate_series(now(), now() + make_interval(days => $2), interval '1 day') AS each (at),
  LATERAL (SELECT at + interval '2 hours' + id * interval '1 second') AS shifted (day)
"""
_WINDOW = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect, whole_organization,
    expanded_until, tzdata)
  SELECT id, 'all', 'UTC', now(), 'suspend', true, 'infinity', '' FROM organization RETURNING id
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at) SELECT id, now(), now() FROM made
"""


async def measure(monitors: int) -> Figures:
    async with servers() as started:
        await _execute(
            started,
            "WITH o AS (INSERT INTO organization (name) VALUES ('o') RETURNING id)"
            " INSERT INTO customer (organization_id, name) SELECT id, 'c' FROM o",
        )
        await many_monitors.insert(started.database_url, monitors, port=25, interval_seconds=60)
        await _execute(started, _FILL, _WINDOWS, _DAYS)
        await _execute(started, _EVERYWHERE, _FOR_ALL, _DAYS)
        await _execute(started, "UPDATE maintenance_progress SET applied_until = now()")
        await _execute(started, "ANALYZE")
        loop = Borders(started.db)
        await loop.pass_due()
        figures: Figures = {"idle": await _idle(started, loop)}
        await _execute(started, _WINDOW)
        figures["begin_seconds"] = await _pass(loop)
        async with started.db.connection() as connection:
            held = await connection.fetchval("SELECT count(*) FROM monitor_in_maintenance")
            figures["compare_seconds"] = await _compare(connection, utc_now())
            began = time.monotonic()
            now_ms = to_ms(utc_now())
            found = await suspensions(connection, now_ms - 100_000, now_ms + 100_000)
            figures["read_suspensions_seconds"] = round(time.monotonic() - began, 4)
        assert held == len(found) == monitors
        await _execute(started, "UPDATE maintenance_occurrence SET to_at = now() WHERE to_at IS NULL")
        figures["end_seconds"] = await _pass(loop)
    return figures


async def _pass(loop: Borders) -> float:
    began = time.monotonic()
    await loop.pass_due()
    return round(time.monotonic() - began, 2)


async def _idle(started: Servers, loop: Borders) -> Figures:
    """Seconds of a CPU that the loop uses in a second, of which it is idle but for its comparisons."""
    meter, cpu, began = Meter(started.pids), time.process_time(), time.monotonic()
    for _ in range(_IDLE_SECONDS):
        await loop.pass_due()
    wall = time.monotonic() - began
    beside = meter.cpu()
    return {
        "pass_seconds": round(wall / _IDLE_SECONDS, 5),
        "controller": round((time.process_time() - cpu) / _IDLE_SECONDS, 5),
        "postgres": round(beside["postgres"] / _IDLE_SECONDS, 5),
    }


async def _compare(connection: Connection, now: datetime) -> float:
    began = time.monotonic()
    assert await borders.differing(connection, now - timedelta(seconds=1), now) == []
    return round(time.monotonic() - began, 3)


async def _execute(started: Servers, statement: str, *values: object) -> None:
    async with started.db.connection() as connection:
        await connection.execute(statement, *values)
