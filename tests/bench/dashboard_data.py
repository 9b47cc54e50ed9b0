"""A database as the dashboard finds it after a day: monitors with results, roll-ups, verdicts and incidents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Connection, Database
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from tests.bench.figures import Figures

INTERVAL_SECONDS = 300
_COUNTRIES = ("DE", "US", "FR", "NL", "SG", "BR", "JP", "ZA", "IN", "AU")
_HOURS = 24
_COUNTED = """
SELECT (SELECT count(*) FROM monitor) AS monitor, (SELECT count(*) FROM latest) AS latest,
  (SELECT count(*) FROM result) AS result, (SELECT count(*) FROM rollup) AS rollup,
  (SELECT count(*) FROM uptime) AS uptime, (SELECT count(*) FROM verdict_change) AS verdict_change,
  (SELECT count(*) FROM incident) AS incident
"""

# Of 1,000 monitors 5 are down, 2 partial, 10 degraded, 3 unknown, 10 in maintenance and 10 disabled; of the others
# every twentieth was down for a while.
_VERDICTS = """
CREATE TEMPORARY VIEW bench_verdict AS SELECT id AS monitor_id, CASE WHEN id % 200 = 7 THEN 'down'
  WHEN id % 500 = 9 THEN 'partial' WHEN id % 100 = 11 THEN 'degraded' WHEN id % 333 = 13 THEN 'unknown' ELSE 'up' END
  AS verdict FROM monitor
"""
_STATEMENTS = (
    """
    INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, port, status, interval_seconds,
      timeout_seconds, config, target_changed_at, created_at)
    SELECT $1, (ARRAY(SELECT id FROM customer WHERE organization_id = $1 ORDER BY id))[1 + n % $5::int],
      (ARRAY['smtp', 'imap', 'pop3'])[1 + n % 3], 'Mail of customer ' || n, 'mx' || n % 7 || '.example-' || n || '.com',
      CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 993 ELSE 995 END,
      CASE WHEN n % 100 = 50 THEN 'maintenance' WHEN n % 100 = 60 THEN 'disabled' ELSE 'active' END, $2, 30,
      CASE n % 3 WHEN 0 THEN '{}' WHEN 1 THEN '{"protocol":"imap","tls":true}' ELSE '{"protocol":"pop3","tls":true}' END
        ::json, $3::timestamptz - interval '2 days', $3::timestamptz - interval '2 days'
    FROM generate_series(1, $4) AS n
    """,
    """
    INSERT INTO monitor_state (monitor_id, state, verdict, stable)
    SELECT monitor_id, json_build_object('verdict', verdict, 'reason', 'as seen from 5 countries', 'takenMs', 1),
      verdict, verdict = 'up'
    FROM bench_verdict
    """,
    """
    INSERT INTO verdict_change (monitor_id, at, verdict, previous, reason)
    SELECT id, $1::timestamptz - interval '30 hours', 'up', 'unknown', 'all 5 countries pass' FROM monitor
    UNION ALL
    SELECT id, $1::timestamptz - interval '9 hours' - (id % 300) * interval '1 minute', 'down', 'up',
      '4 of 5 countries time out while waiting for the greeting' FROM monitor WHERE id % 20 = 3
    UNION ALL
    SELECT id, $1::timestamptz - interval '8 hours' - (id % 300) * interval '1 minute', 'up', 'down',
      'all 5 countries pass' FROM monitor WHERE id % 20 = 3
    UNION ALL
    SELECT monitor_id, $1::timestamptz - interval '40 minutes', verdict, 'up',
      '3 of 5 countries cannot connect: refused, and two pass with a warning'
    FROM bench_verdict WHERE verdict <> 'up'
    """,
    """
    INSERT INTO latest (monitor_id, location_id, due_at, status, failure_kind, duration_ms, checked_at)
    SELECT monitor_id, location.id, $1::timestamptz - interval '1 minute',
      (CASE WHEN failing THEN 'failure' ELSE 'success' END)::check_status, CASE WHEN failing THEN 'timeout' END,
      20 + 300 * random(), $1
    FROM bench_verdict CROSS JOIN location,
      LATERAL (SELECT verdict = 'down' OR (verdict = 'partial' AND location.id % 5 = 0) AS failing) AS judged
    """,
    """
    INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address,
      phases, facts)
    SELECT monitor.id, due.at, location.id, 'scheduled', 'success', 20 + 300 * random(), due.at, 'agent-1', '192.0.2.1',
      '[{"phase":"connect","startMs":0.5,"durationMs":20.1},{"phase":"greeting","startMs":21,"durationMs":15},
        {"phase":"ehlo","startMs":36,"durationMs":12.5},{"phase":"quit","startMs":49,"durationMs":4}]',
      '{"banner": "mx.example.com ESMTP", "tlsVersion": "TLSv1.3"}'
    FROM generate_series($1::timestamptz - $2::interval, $1, make_interval(secs => $3)) AS due (at)
    CROSS JOIN monitor CROSS JOIN location
    """,
    """
    INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
    SELECT monitor.id, 3600, hour.at, 3600000,
      CASE WHEN monitor.id % 20 = 3 AND hour.at >= $2::timestamptz - interval '10 hours'
        AND hour.at < $2::timestamptz - interval '9 hours' THEN 1800000 ELSE 0 END
    FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') AS hour (at)
    CROSS JOIN monitor
    """,
    """
    INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned,
      duration_ms_sum, duration_ms_min, duration_ms_max, bins, counts)
    SELECT monitor.id, 3600, hour.at, location.id, 12, 0, 0, 0, 1200, 20, 320, '{60,70,80,90}', '{3,3,3,3}'
    FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') AS hour (at)
    CROSS JOIN monitor CROSS JOIN location WHERE monitor.id % 10 = 0
    """,
    """
    INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence, outage_started_at,
      started_at)
    SELECT organization_id, customer_id, id, verdict, '4 of 5 countries cannot connect: refused',
      '{"dueAt":"2026-01-01T00:00:00Z","purpose":"scheduled","votes":[]}', $1::timestamptz - interval '41 minutes',
      $1::timestamptz - interval '40 minutes'
    FROM monitor JOIN bench_verdict ON monitor_id = id WHERE verdict IN ('down', 'partial')
    """,
    """
    INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence, outage_started_at,
      started_at, resolved_at)
    SELECT organization_id, customer_id, id, 'down', '4 of 5 countries time out',
      '{"dueAt":"2026-01-01T00:00:00Z","purpose":"scheduled","votes":[]}', $1::timestamptz - interval '9 hours',
      $1::timestamptz - interval '9 hours', $1::timestamptz - interval '8 hours'
    FROM monitor WHERE id % 20 = 3
    """,
    """
    INSERT INTO incident_change (incident_id, kind, severity, reason, at)
    SELECT id, 'opened', severity, reason, started_at FROM incident
    """,
    """
    INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at)
    SELECT id, 'agent-1', '{smtp,imap,pop3}', '1', $1, $1::timestamptz + interval '1 day' FROM location
    """,
)


async def seed(
    connection: Connection,
    *,
    monitors: int,
    locations: int = 5,
    customers: int = 20,
    result_hours: float = 1.0,
    organization: int | None = None,
    now: datetime | None = None,
) -> Figures:
    """Fill a database that has the schema, partitions and no monitor; return how many rows there are then. Results are
    those of the last `result_hours`, roll-ups those of every tenth monitor.

    Each monitor has a day of verdicts and hourly uptime. Some are down, partial, degraded, in maintenance, disabled.
    """
    now = now or utc_now()
    if organization is None:
        organization = await connection.fetchval("INSERT INTO organization (name) VALUES ('Bench') RETURNING id")
    await connection.execute(
        "INSERT INTO customer (organization_id, name) SELECT $1, 'Customer ' || n FROM generate_series(1, $2) AS n",
        organization,
        customers,
    )
    await connection.executemany(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $2, $3, '')",
        [
            (f"{_COUNTRIES[n % len(_COUNTRIES)].lower()}-{n + 1}", f"Location {n + 1}", _COUNTRIES[n % len(_COUNTRIES)])
            for n in range(locations)
        ],
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    parameters: tuple[tuple[Any, ...], ...] = (
        (organization, INTERVAL_SECONDS, now, monitors, customers),
        (),
        (now,),
        (now,),
        (now, timedelta(hours=result_hours), INTERVAL_SECONDS),
        (hour - timedelta(hours=_HOURS), hour),
        (hour - timedelta(hours=_HOURS), hour),
        (now,),
        (now,),
        (),
        (now,),
    )
    await connection.execute(_VERDICTS)
    for statement, values in zip(_STATEMENTS, parameters, strict=True):
        await connection.execute(statement, *values)
    await connection.execute("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", hour)
    await connection.execute("UPDATE schedule SET watermark = $1::timestamptz + interval '1 day'", now)
    await connection.execute("DELETE FROM rollup_due")
    await connection.execute("VACUUM ANALYZE")
    return dict(await connection.fetchrow(_COUNTED) or {})


async def prepared(database: Database) -> None:
    """Make the partitions that the seed writes to."""
    now = utc_now()
    await make_partitions(database, (now - timedelta(days=2)).date(), now.date())
    await make_months(database, now.date())


async def some_monitor(connection: Connection, *, state: str = "down") -> UUID:
    """The public id of a monitor in this state that has roll-ups, if there is any such."""
    found: UUID = await connection.fetchval(
        "SELECT public_id FROM monitor JOIN monitor_state ON monitor_id = id WHERE verdict = $1"
        " ORDER BY id % 10 = 0 DESC, id LIMIT 1",
        state,
    )
    return found
