"""One monitor of a full database that was checked each minute for a month, with a year of roll-ups."""

from __future__ import annotations

from datetime import UTC, timedelta
from uuid import UUID

import asyncpg

from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from shared.clock import utc_now
from tests.bench.reading import FILL_ROLLUPS, FILL_UPTIME, MONTHS

DAYS = 29

_RESULTS = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, phases,
  facts)
SELECT $3, due.at, location.id, 'scheduled', 'success', took.ms, due.at, 'agent-1', '192.0.2.1',
  (SELECT json_agg(json_build_object('phase', phase, 'startMs', place * took.ms / 8, 'durationMs', took.ms / 9))
    FROM unnest('{resolve,connect,greeting,ehlo,starttls,tls,ehlo,quit}'::text[])
      WITH ORDINALITY AS one (phase, place)),
  json_build_object('greeting', 'smtp.example.com ESMTP Postfix', 'capabilities', json_build_array('AUTH PLAIN LOGIN'),
    'tlsVersion', 'TLSv1.3', 'certificateSubject', 'CN=smtp.example.com', 'certificateSha256', repeat('ab', 32),
    'certificateNames', json_build_array('smtp.example.com'), 'certificateNotAfter', '2030-01-01T00:00:00Z')
FROM generate_series($1::timestamptz, $2::timestamptz, interval '1 minute') AS due (at) CROSS JOIN location
CROSS JOIN LATERAL (SELECT 20 * location.id * (1 + 0.2 * abs(sin(extract(epoch FROM due.at))))) AS took (ms)
ON CONFLICT DO NOTHING
"""


async def seed(database: Database, connection: asyncpg.Connection[asyncpg.Record]) -> UUID:
    """Fill in the history of some monitor whose verdict is down, after dashboard_data.seed. Returns its public id."""
    now = utc_now().replace(second=0, microsecond=0)
    await make_partitions(database, (now - timedelta(days=DAYS + 1)).date(), now.date())
    row = await connection.fetchrow(
        "UPDATE monitor SET interval_seconds = 60, created_at = now() - interval '2 years', status = 'active'"
        " WHERE id = (SELECT monitor_id FROM monitor_state WHERE verdict = 'down' ORDER BY monitor_id LIMIT 1)"
        " RETURNING id, public_id"
    )
    assert row, "no monitor is down"
    monitor, public_id = row
    await connection.execute("DELETE FROM result WHERE monitor_id = $1", monitor)
    await connection.execute("DELETE FROM rollup WHERE monitor_id = $1", monitor)
    await connection.execute("DELETE FROM uptime WHERE monitor_id = $1", monitor)
    for day in range(DAYS, 0, -1):
        end = now - timedelta(days=day - 1, minutes=1)
        await connection.execute(_RESULTS, now - timedelta(days=day), end, monitor)
    rolled = await connection.fetchval("SELECT rolled_until FROM rollup_progress")
    midnight = rolled.astimezone(UTC).replace(hour=0)
    hours = midnight - timedelta(days=33), rolled - timedelta(hours=1)
    days = midnight - timedelta(days=366), midnight - timedelta(days=1)
    for (statement,) in await connection.fetch(MONTHS, days[0]):
        await connection.execute(statement)
    for seconds, bins, (first, last) in ((3600, 8, hours), (86_400, 20, days)):
        await connection.execute(FILL_ROLLUPS, seconds, bins, first, last, [monitor])
        await connection.execute(FILL_UPTIME, seconds, first, last, [monitor])
    await connection.execute("UPDATE latest SET due_at = $2 WHERE monitor_id = $1", monitor, now - timedelta(minutes=1))
    await connection.execute("VACUUM ANALYZE")
    found: UUID = public_id
    return found
