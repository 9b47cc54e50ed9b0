"""How long it takes to roll up an hour of results; each monitor was checked each minute from ten locations."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from controller.decisions.history.views import HOUR_SECONDS, floor
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.rollups import SETTLED, roll_up
from shared.clock import utc_now
from tests.bench import many_monitors
from tests.bench.figures import Figures, Meter
from tests.bench.processes import Servers, servers

_LOCATIONS = 10
_FILL = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)
SELECT monitor.id, due.at, location.id, 'scheduled', 'success', 20 + 300 * random(), due.at, 'agent-1', '[]'
FROM generate_series($1::timestamptz, $2::timestamptz, interval '1 minute') AS due (at)
CROSS JOIN monitor CROSS JOIN location
"""


async def measure(monitors: int) -> Figures:
    async with servers() as started:
        hour = floor(utc_now(), HOUR_SECONDS) - timedelta(hours=2)
        await _fill(started, monitors, hour)
        meter = Meter(started.pids)
        began, cpu = time.monotonic(), time.process_time()
        await roll_up(started.db, hour + timedelta(hours=1) + SETTLED)
        wall, controller = time.monotonic() - began, time.process_time() - cpu
        beside = meter.cpu()
        async with started.db.connection() as connection:
            results = await connection.fetchval("SELECT sum(passed) FROM rollup")
            rows = await connection.fetchval("SELECT count(*) FROM rollup")
            size = await connection.fetchval(
                "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'rollup'::regclass"
            )
        assert results == monitors * _LOCATIONS * 60
        assert rows == monitors * _LOCATIONS
    return {
        "seconds_for_an_hour": round(wall, 2),
        "results_per_second": round(results / wall),
        "cpu_seconds": {"controller": round(controller, 2), "postgres": round(beside["postgres"], 2)},
        "bytes_per_row": round(size / rows),
    }


async def _fill(started: Servers, monitors: int, hour: datetime) -> None:
    await prepare_partitions(started.db)
    async with started.db.connection() as connection:
        await connection.execute(
            "WITH o AS (INSERT INTO organization (name) VALUES ('o') RETURNING id)"
            " INSERT INTO customer (organization_id, name) SELECT id, 'c' FROM o"
        )
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key)"
            " SELECT 'at-' || n, '', 'AT', '' FROM generate_series(1, $1) AS n",
            _LOCATIONS,
        )
    await many_monitors.insert(started.database_url, monitors, port=25, interval_seconds=60)
    async with started.db.connection() as connection:
        await connection.execute(_FILL, hour, hour + timedelta(minutes=59), timeout=600)
        await connection.execute("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", hour)
        await connection.execute("ANALYZE result", timeout=600)
