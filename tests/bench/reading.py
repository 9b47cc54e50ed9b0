"""How fast a monitor's details and lists of monitors are read from a full database, with no other load.

One monitor has a year of roll-ups and a day of results, each minute from ten locations. A hundredth of the others have
them too, so that its rows are scattered between theirs as in a real database; every monitor has its latest states.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from shared.clock import utc_now
from tests.bench import load, many_monitors
from tests.bench.figures import Figures
from tests.bench.load import Answers, Load, Request
from tests.bench.processes import product
from tests.system.product import Product

_LOCATIONS = 10
_BETWEEN = 100
_RANGES = ("day", "week", "month", "year")
_RANGE_SECONDS = 5.0
_OPEN_SECONDS = 15.0
_PER_SECOND = 100.0
_FILL_SECONDS = 900.0

FILL_ROLLUPS = """
INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,
  duration_ms_min, duration_ms_max, bins, counts)
SELECT monitor.id, $1, bucket.at, location.id, $1 / 60 - 3, 2, 1, 0, 40.0 * ($1 / 60 - 3), 20, 300,
  ARRAY(SELECT 60 + n FROM generate_series(1, $2) AS n)::smallint[],
  ARRAY(SELECT greatest(1, ($1 / 60 - 3) / $2) FROM generate_series(1, $2))::int[]
FROM generate_series($3::timestamptz, $4::timestamptz, make_interval(secs => $1)) AS bucket (at)
CROSS JOIN unnest($5::bigint[]) AS monitor (id) CROSS JOIN location
"""
FILL_UPTIME = """
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT monitor.id, $1, bucket.at, 1000 * $1, 60000
FROM generate_series($2::timestamptz, $3::timestamptz, make_interval(secs => $1)) AS bucket (at)
CROSS JOIN unnest($4::bigint[]) AS monitor (id)
"""
_FILL_RESULTS = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, phases,
  facts)
SELECT monitor.id, due.at, location.id, 'scheduled', 'success', 20 + 300 * random(), due.at, 'agent-1', '192.0.2.1',
  (SELECT json_agg(json_build_object('phase', 'ehlo', 'startMs', 15.123, 'durationMs', 14.987))
   FROM generate_series(1, 8)),
  '{"banner": "smtp.example.com ESMTP", "tlsVersion": "TLSv1.3"}'
FROM generate_series($1::timestamptz, $2::timestamptz, interval '1 minute') AS due (at)
CROSS JOIN unnest($3::bigint[]) AS monitor (id) CROSS JOIN location
"""
_COUNTED = """
SELECT (SELECT count(*) FROM monitor) AS monitor, (SELECT count(*) FROM latest) AS latest,
  (SELECT count(*) FROM rollup) AS rollup, (SELECT count(*) FROM uptime) AS uptime,
  (SELECT count(*) FROM result) AS result
"""

_FILL_LATEST = """
INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms, checked_at)
SELECT monitor.id, location.id, now(), 'success', 30, now() FROM monitor CROSS JOIN location
ON CONFLICT DO NOTHING
"""
MONTHS = """
SELECT format('CREATE TABLE IF NOT EXISTS %1$s_%2$s PARTITION OF %1$s FOR VALUES FROM (%3$L) TO (%4$L)', name,
  to_char(month, 'YYYYMM'), month, month + interval '1 month')
FROM unnest(ARRAY['rollup', 'uptime']) AS name,
  generate_series(date_trunc('month', $1::timestamptz, 'UTC'), $1::timestamptz + interval '11 months',
    interval '1 month') AS month
"""


async def measure(monitors: int) -> Figures:
    """Measure with `monitors` in the table, none of them scheduled."""
    async with product() as running:
        url = running.record["databaseUrl"]
        await many_monitors.insert(url, monitors, port=25, interval_seconds=60)
        await many_monitors.disable(url)
        public_id, filled = await _fill(url, max(1, monitors // _BETWEEN))
        details = {
            name: await _closed(running, f"/api/smtp-monitors/{public_id}/details?range={name}") for name in _RANGES
        }
        health = await _closed(running, "/healthz")
        page = await load.run(
            Load(
                port=running.port,
                token=running.record["token"],
                requests=[Request("list", "GET", "/api/smtp-monitors")],
                seconds=_OPEN_SECONDS,
                connections=64,
                per_second=_PER_SECOND,
            )
        )
        assert page.statuses.keys() == {"200"}, page.statuses
    return {
        "rows": filled,
        "details_ms": {name: answers.latency_ms["read"] for name, answers in details.items()},
        "baseline_healthz_ms": health.latency_ms["read"],
        "list_of_50_at_100_per_second_ms": page.latency_ms["list"],
    }


async def _closed(running: Product, path: str) -> Answers:
    """Send one request after the other."""
    answers = await load.run(
        Load(
            port=running.port,
            token=running.record["token"],
            requests=[Request("read", "GET", path)],
            seconds=_RANGE_SECONDS,
            connections=1,
        )
    )
    assert answers.statuses.keys() == {"200"}, answers.statuses
    return answers


async def _fill(url: str, others: int) -> tuple[str, dict[str, int]]:
    """Fill the database; return the public id of the monitor to read, and how many rows there are."""
    connection = await asyncpg.connect(url, command_timeout=_FILL_SECONDS)
    try:
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key)"
            " SELECT 'at-' || n, 'Location ' || n, 'AT', ''"
            " FROM generate_series((SELECT count(*) + 1 FROM location), $1) AS n",
            _LOCATIONS,
        )
        rolled: datetime = await connection.fetchval("SELECT rolled_until FROM rollup_progress")
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM monitor ORDER BY id LIMIT $1", others)]
        midnight = rolled.astimezone(UTC).replace(hour=0)
        hours = midnight - timedelta(days=33), rolled - timedelta(hours=1)
        days = midnight - timedelta(days=366), midnight - timedelta(days=1)
        for (statement,) in await connection.fetch(MONTHS, days[0]):
            await connection.execute(statement)
        for seconds, bins, (first, last) in ((3600, 8, hours), (86_400, 20, days)):
            await connection.execute(FILL_ROLLUPS, seconds, bins, first, last, ids)
            await connection.execute(FILL_UPTIME, seconds, first, last, ids)
        now = utc_now().replace(second=0, microsecond=0)
        await connection.execute(_FILL_RESULTS, now - timedelta(hours=25), now - timedelta(hours=3), ids[:10])
        await connection.execute(_FILL_RESULTS, now - timedelta(hours=3) + timedelta(minutes=1), now, ids)
        await connection.execute(_FILL_LATEST)
        await connection.execute("VACUUM ANALYZE")
        counted = dict(await connection.fetchrow(_COUNTED) or {})
        public_id = await connection.fetchval("SELECT public_id FROM monitor WHERE id = $1", ids[len(ids) // 2 % 10])
    finally:
        await connection.close()
    await asyncio.sleep(1)
    return str(public_id), counted
