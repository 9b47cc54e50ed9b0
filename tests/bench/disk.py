"""How many bytes a passing check takes on disk before and after it is put into a block, and what that costs.

A day of monitors, each checked every minute from three locations over STARTTLS; one check in 200 fails. The database
makes the rows itself, an hour at a time, and each hour is folded before the next one is made. It is measured thrice: of
servers that say the same each time; of servers whose greeting has the time and an id, as those of Exim and Exchange do;
and of mailboxes that get a mail now and then, on a pool of four servers.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from controller.decisions.history.views import DAY_SECONDS, floor
from controller.model.retention import Kept
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.folding.space import give_back_space
from controller.pipeline.housekeeping import prepare_partitions
from controller.store.platform.partitions import make_partitions
from controller.store.retention import choices
from shared.clock import utc_now
from tests.bench import many_monitors
from tests.bench.figures import Figures, Meter
from tests.bench.processes import Servers, servers

_HOUR = timedelta(hours=1)
_LOCATIONS = 3
_LONGEST_SECONDS = 3600.0
FILL = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, stored_at, agent,
  address, failure, phases, facts, loop_lag_ms, kernel_rtt_ms)
SELECT monitor.id, due.at, location.id, 'scheduled',
  CASE WHEN drawn.failed THEN 'failure' ELSE 'success' END::check_status,
  8 * drawn.ms, due.at + 40 * random() * interval '1 millisecond', due.at + interval '1 second',
  'agent-1', '192.0.2.' || (monitor.id + CASE WHEN $3 = 'mailboxes' THEN floor(4 * random())::integer ELSE 0 END) % 250,
  CASE WHEN drawn.failed THEN '{"kind":"refused","source":"target","phase":"connect","detail":"refused"}'::json END,
  phases.timings,
  CASE $3
    WHEN 'mailboxes' THEN json_build_object('messages', mails.number % 900, 'octets', 3301::bigint * mails.number,
      'uidNext', mails.number, 'tlsVersion', 'TLSv1.3', 'tlsCipher', 'TLS_AES_256_GCM_SHA384',
      'certificateNotAfter', '2027-01-01T00:00:00.000Z',
      'capabilities', '["IMAP4rev1","IDLE","NAMESPACE","UIDPLUS","AUTH=PLAIN"]'::json)
    ELSE json_build_object('banner', 'smtp' || monitor.id || '.example.com ESMTP' || CASE WHEN $3 = 'greetings'
        THEN to_char(due.at, '" Exim 4.96 "Dy, DD Mon YYYY HH24:MI:') || to_char(60 * random(), 'FM00') || ' +0000 '
          || left(md5(random()::text), 8)
        ELSE '' END, 'tlsVersion', 'TLSv1.3',
      'tlsCipher', 'TLS_AES_256_GCM_SHA384', 'certificateNotAfter', '2027-01-01T00:00:00.000Z',
      'capabilities', '["PIPELINING","SIZE 10240000","STARTTLS","AUTH PLAIN LOGIN","8BITMIME"]'::json)
  END,
  random(), 10 + random()
FROM generate_series($1::timestamptz, $2::timestamptz, interval '1 minute') AS due (at)
CROSS JOIN (SELECT id FROM monitor WHERE $4::bigint[] IS NULL OR id = ANY ($4)) AS monitor CROSS JOIN location
CROSS JOIN LATERAL (SELECT 20 + 5 * random() AS ms, random() < 0.005 AS failed, due.at, monitor.id) AS drawn
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_object(
    'phase', name, 'startMs', round(((place - 1) * drawn.ms + 0.05 * place)::numeric, 3),
    'durationMs', round(drawn.ms::numeric, 3)
  ) ORDER BY place) AS timings
  FROM unnest('{resolve,connect,greeting,ehlo,starttls,tls,ehlo,quit}'::text[]) WITH ORDINALITY AS phase (name, place)
) AS phases
CROSS JOIN LATERAL (
  SELECT (monitor.id * 7 + date_part('epoch', due.at) / 60)::integer / 10 AS number
) AS mails
"""
_SERVERS = ("steady", "greetings", "mailboxes")
_SIZES = """
SELECT
  (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'result'::regclass)::bigint AS rows,
  (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'result_block'::regclass)::bigint
    AS blocks,
  pg_total_relation_size('result_shape') AS shapes
"""


async def measure(monitors: int) -> Figures:
    return {kind: await _measure(monitors, kind) for kind in _SERVERS}


async def _measure(monitors: int, kind: str) -> Figures:
    async with servers() as started:
        day = floor(utc_now(), DAY_SECONDS) - timedelta(days=1)
        await _prepare(started, monitors, day)
        empty = await _sizes(started)
        folded, wall, controller, postgres, of_rows = 0, 0.0, 0.0, 0.0, 0.0
        for n in range(24):
            hour = day + n * _HOUR
            before = await _sizes(started)
            await _fill(started, hour, kind)
            if n == 0:
                of_rows = (await _sizes(started))["rows"] - before["rows"]
            await _rolled_until(started, hour + _HOUR)
            meter, began, cpu = Meter(started.pids), time.monotonic(), time.process_time()
            folded += await fold_due(started.db, settled_seconds=0)
            wall += time.monotonic() - began
            controller += time.process_time() - cpu
            postgres += meter.cpu()["postgres"]
            async with started.db.connection() as connection:
                await connection.execute("VACUUM result", timeout=_LONGEST_SECONDS)
        await give_back_space(started.db)
        after = await _sizes(started)
        async with started.db.connection() as connection:
            whole: int = await connection.fetchval("SELECT count(*) FROM result", timeout=_LONGEST_SECONDS)
            in_blocks: int = await connection.fetchval("SELECT sum(checks) FROM result_block", timeout=_LONGEST_SECONDS)
            shapes: int = await connection.fetchval("SELECT count(*) FROM result_shape", timeout=_LONGEST_SECONDS)
        assert folded == in_blocks
        assert folded + whole == monitors * _LOCATIONS * 1440
    return {
        "checks_in_blocks": folded,
        "checks_in_rows": whole,
        "shapes": shapes,
        "bytes_a_check_as_row": round(of_rows / (monitors * _LOCATIONS * 60), 1),
        "bytes_a_passing_check": {
            "block": round((after["blocks"] - empty["blocks"]) / folded, 1),
            "shapes_of_the_first_day": round((after["shapes"] - empty["shapes"]) / folded, 1),
            "whole_rows": round((after["rows"] - empty["rows"]) / folded, 1),
        },
        "folding_cpu_us_a_check": {
            "postgres": round(1e6 * postgres / folded, 1),
            "controller": round(1e6 * controller / folded, 1),
        },
        "folded_per_second": round(folded / wall),
    }


async def _prepare(started: Servers, monitors: int, day: datetime) -> None:
    await prepare_partitions(started.db)
    await make_partitions(started.db, day.date(), utc_now().date())
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
        await choices.note_setting(connection, "bench", Kept(), lasts_seconds=60)
        await connection.execute("UPDATE fold_progress SET at = $1, compacted_until = $1", day)
    await many_monitors.insert(started.database_url, monitors, port=25, interval_seconds=60)


async def _fill(started: Servers, hour: datetime, kind: str) -> None:
    async with started.db.connection() as connection:
        await connection.execute(FILL, hour, hour + timedelta(minutes=59), kind, None, timeout=_LONGEST_SECONDS)
        await connection.execute("ANALYZE result", timeout=_LONGEST_SECONDS)


async def _rolled_until(started: Servers, moment: datetime) -> None:
    """As if roll-ups were made: what they cost is measured elsewhere."""
    async with started.db.connection() as connection:
        await connection.execute("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", moment)


async def _sizes(started: Servers) -> dict[str, int]:
    async with started.db.connection() as connection:
        row = await connection.fetchrow(_SIZES)
    assert row
    return dict(row)
