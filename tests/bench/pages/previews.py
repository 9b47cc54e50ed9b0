"""How long a preview of an organization's policy takes, and how late the event loop is meanwhile.

Every monitor is checked each minute at five locations and had, in seven days, eleven checks that failed once at one
location and an outage of ten minutes; a fiftieth was down for twelve hours. Results far from any failure are not in the
table: no preview reads them, but PostgreSQL would find the others among more pages of its files.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import asyncpg

from controller.decisions.evaluation.policies import Level
from controller.model import Principal, Role
from controller.operations.monitors.policies import PolicyChange, PolicyOwner
from controller.operations.monitors.previews.preview import preview_policy
from controller.operations.monitors.previews.process import Previews
from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from shared.clock import utc_now
from tests.bench import many_monitors
from tests.bench.figures import Figures
from tests.bench.processes import servers

_LOCATIONS = 5
_FILL_SECONDS = 900.0
_LATE_SECONDS = 0.005

_MORE_LOCATIONS = """
INSERT INTO location (code, name, country_code, public_key)
SELECT 'l-' || n, 'L', (ARRAY['DE', 'FI', 'FR', 'JP', 'US'])[n], 'k' FROM generate_series(1, $1::int) AS n
"""
_OWNERS = """
WITH own AS (INSERT INTO organization (name) VALUES ('Bench') RETURNING id)
INSERT INTO customer (organization_id, name) SELECT id, 'Bench' FROM own
"""
_FILL = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, stored_at, agent,
  failure, phases)
SELECT monitor_id, due_at, location_id, 'scheduled', CASE WHEN fails THEN 'failure' ELSE 'success' END::check_status,
  30, due_at, due_at + interval '300 milliseconds', 'a',
  CASE WHEN fails THEN '{"kind": "refused", "source": "target", "phase": "connect", "detail": "refused"}' END::json,
  '[]'
FROM (
  SELECT monitor.id AS monitor_id, location.id AS location_id,
    date_trunc('minute', $1::timestamptz) - make_interval(mins => 600 + 800 * event + (monitor.id % 300)::int - n)
      AS due_at,
    n >= 0 AND n < long AND (event = 0 OR location.id = (event + monitor.id) % $2 + 1) AS fails
  FROM monitor CROSS JOIN location CROSS JOIN generate_series(0, 11) AS event
  CROSS JOIN LATERAL (
    SELECT CASE WHEN event > 0 THEN 1 WHEN monitor.id % 50 = 0 THEN 500 ELSE 10 END AS long
  ) AS outage
  CROSS JOIN LATERAL generate_series(-15, long + 15) AS n
) AS planned
ON CONFLICT DO NOTHING
"""


async def measure(monitors: int) -> Figures:
    async with servers() as running:
        await make_partitions(running.db, (utc_now() - timedelta(days=9)).date(), utc_now().date())
        results = await _filled(running.database_url, monitors)
        async with Database.open(running.database_url, size=2) as database:
            return {"results": results, **await _previews(database)}


async def _filled(url: str, monitors: int) -> int:
    connection = await asyncpg.connect(url, command_timeout=_FILL_SECONDS)
    try:
        await connection.execute(_OWNERS)
        await connection.execute(_MORE_LOCATIONS, _LOCATIONS)
        await many_monitors.insert(url, monitors, port=25, interval_seconds=60)
        await connection.execute("UPDATE monitor SET target_changed_at = now() - interval '30 days'")
        await connection.execute(_FILL, utc_now(), _LOCATIONS)
        await connection.execute("ANALYZE")
        found: int = await connection.fetchval("SELECT count(*) FROM result")
    finally:
        await connection.close()
    return found


async def _previews(database: Database) -> Figures:
    """The preview in the time that it has, and without a limit."""
    async with database.connection() as connection:
        number = await connection.fetchval("SELECT organization_id FROM monitor LIMIT 1")
    principal = Principal(works_in=number, role=Role.ADMIN, account_id=1)
    owner = PolicyOwner(principal, Level.ORGANIZATION, number)
    found: Figures = {}
    for name, previews in (("limited", Previews()), ("unlimited", Previews(seconds=600.0))):
        began = time.perf_counter()
        watching = asyncio.create_task(_latest())
        made = await preview_policy(database, previews, owner, PolicyChange(values={"quorum": 2}), utc_now())
        seconds = time.perf_counter() - began
        watching.cancel()
        found[name] = {
            "seconds": round(seconds, 2),
            "monitors_with_failures": made.failing,
            "monitors_replayed": made.replayed,
            "incidents": [made.before.incidents, made.after.incidents],
            "loop_late_ms": round(1000 * max(_late, default=0.0), 1),
        }
        _late.clear()
    return found


_late: list[float] = []


async def _latest() -> None:
    """How late a callback of the loop runs."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_LATE_SECONDS)
        _late.append(time.perf_counter() - began - _LATE_SECONDS)
