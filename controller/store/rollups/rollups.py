"""Roll results up by hour and hours by day: always from the stored rows, so that a repetition changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from controller.decisions.history.histogram import LOG_GROWTH, SHORTEST_MS
from controller.decisions.history.uptime import EvaluatedTime, RoundOutcome, Span, evaluated_time
from controller.decisions.history.views import DAY_SECONDS, HOUR_SECONDS
from controller.store.incidents.outages import down_spans
from controller.store.platform.pool import Connection
from shared.epoch import to_ms

HOUR = timedelta(hours=1)


class Part(NamedTuple):
    """A monitor's hour or day, by its beginning."""

    monitor_id: int
    at: datetime


Roll: TypeAlias = Callable[[Connection, Sequence[Part]], Awaitable[None]]

BIN = f"ceil(ln(GREATEST(duration_ms, {SHORTEST_MS})::float8) / {LOG_GROWTH!r})::smallint"
"""decisions.history.histogram.bin_of as SQL, of a column duration_ms."""

_ROLL_HOURS = f"""
WITH binned AS (
  SELECT part.monitor_id, part.at, found.location_id, found.status, found.bin, count(*) AS number,
    count(*) FILTER (WHERE found.warned) AS warned, sum(found.duration_ms::float8) AS duration_ms_sum,
    min(found.duration_ms) AS duration_ms_min, max(found.duration_ms) AS duration_ms_max
  FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
  CROSS JOIN LATERAL (
    SELECT location_id, status, duration_ms, warnings IS NOT NULL AS warned,
      CASE WHEN status = 'success' THEN {BIN} END AS bin
    FROM result
    WHERE result.monitor_id = part.monitor_id AND due_at >= part.at AND due_at < part.at + interval '1 hour'
      AND due_at >= $3 AND due_at < $4
    OFFSET 0
  ) AS found
  GROUP BY part.monitor_id, part.at, found.location_id, found.status, found.bin
)
INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,
  duration_ms_min, duration_ms_max, bins, counts)
SELECT monitor_id, {HOUR_SECONDS}, at, location_id,
  COALESCE(sum(number) FILTER (WHERE status = 'success'), 0),
  COALESCE(sum(number) FILTER (WHERE status = 'failure'), 0),
  COALESCE(sum(number) FILTER (WHERE status = 'unknown'), 0),
  sum(warned),
  COALESCE(sum(duration_ms_sum) FILTER (WHERE status = 'success'), 0),
  min(duration_ms_min) FILTER (WHERE status = 'success'),
  max(duration_ms_max) FILTER (WHERE status = 'success'),
  COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE status = 'success'), '{{}}'),
  COALESCE(array_agg(number ORDER BY bin) FILTER (WHERE status = 'success'), '{{}}')
FROM binned GROUP BY monitor_id, at, location_id
"""  # noqa: S608 - constants only

_ROLL_DAYS = f"""
WITH hours AS (
  SELECT part.at AS day, hour.*
  FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
  CROSS JOIN LATERAL (
    SELECT * FROM rollup
    WHERE rollup.monitor_id = part.monitor_id AND bucket_seconds = {HOUR_SECONDS}
      AND bucket_at >= part.at AND bucket_at < part.at + interval '24 hours'
      AND bucket_at >= $3 AND bucket_at < $4
    OFFSET 0
  ) AS hour
), binned AS (
  SELECT monitor_id, day, location_id, bin, sum(number) AS number
  FROM hours, unnest(bins, counts) AS counted (bin, number) GROUP BY monitor_id, day, location_id, bin
), histogram AS (
  SELECT monitor_id, day, location_id, array_agg(bin ORDER BY bin) AS bins, array_agg(number ORDER BY bin) AS counts
  FROM binned GROUP BY monitor_id, day, location_id
), total AS (
  SELECT monitor_id, day, location_id, sum(passed) AS passed, sum(failed) AS failed, sum(blind) AS blind,
    sum(warned) AS warned, sum(duration_ms_sum) AS duration_ms_sum, min(duration_ms_min) AS duration_ms_min,
    max(duration_ms_max) AS duration_ms_max
  FROM hours GROUP BY monitor_id, day, location_id
)
INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,
  duration_ms_min, duration_ms_max, bins, counts)
SELECT monitor_id, {DAY_SECONDS}, day, location_id, passed, failed, blind, warned, duration_ms_sum, duration_ms_min,
  duration_ms_max, COALESCE(bins, '{{}}'), COALESCE(counts, '{{}}')
FROM total LEFT JOIN histogram USING (monitor_id, day, location_id)
"""  # noqa: S608 - constants only

_REPLACE = """
ON CONFLICT (monitor_id, bucket_seconds, bucket_at, location_id) DO UPDATE SET passed = EXCLUDED.passed,
  failed = EXCLUDED.failed, blind = EXCLUDED.blind, warned = EXCLUDED.warned,
  duration_ms_sum = EXCLUDED.duration_ms_sum, duration_ms_min = EXCLUDED.duration_ms_min,
  duration_ms_max = EXCLUDED.duration_ms_max, bins = EXCLUDED.bins, counts = EXCLUDED.counts
"""

_ROUNDS = """
SELECT part.monitor_id, part.at, monitor.interval_seconds, found.due_at, found.passed, found.failed
FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
JOIN monitor ON monitor.id = part.monitor_id
CROSS JOIN LATERAL (
  SELECT due_at, count(*) FILTER (WHERE status = 'success') AS passed,
    count(*) FILTER (WHERE status = 'failure') AS failed
  FROM result
  WHERE result.monitor_id = part.monitor_id AND purpose = 'scheduled'
    AND due_at > part.at - make_interval(secs => monitor.interval_seconds) AND due_at < part.at + interval '1 hour'
    AND due_at > $3 AND due_at < $4
  GROUP BY due_at
) AS found
ORDER BY part.monitor_id, part.at, found.due_at
"""

_INSERT_UPTIME = f"""
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT monitor_id, {HOUR_SECONDS}, at, judged_ms, down_ms
FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[]) AS evaluated (monitor_id, at, judged_ms, down_ms)
ON CONFLICT (monitor_id, bucket_seconds, bucket_at)
DO UPDATE SET judged_ms = EXCLUDED.judged_ms, down_ms = EXCLUDED.down_ms
"""  # noqa: S608 - constants only

_UPTIME_DAYS = f"""
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT part.monitor_id, {DAY_SECONDS}, part.at, sum(judged_ms), sum(down_ms)
FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
JOIN uptime ON uptime.monitor_id = part.monitor_id AND bucket_seconds = {HOUR_SECONDS}
  AND bucket_at >= part.at AND bucket_at < part.at + interval '24 hours' AND bucket_at >= $3 AND bucket_at < $4
GROUP BY part.monitor_id, part.at
ON CONFLICT (monitor_id, bucket_seconds, bucket_at)
DO UPDATE SET judged_ms = EXCLUDED.judged_ms, down_ms = EXCLUDED.down_ms
"""  # noqa: S608 - constants only

LONGEST_INTERVAL = timedelta(days=1)
"""A round judges at most this much of the time after it (controller.decisions.monitors.monitors)."""


async def roll_hours(connection: Connection, parts: Sequence[Part]) -> None:
    """Roll these hours up from the stored results, and compute their uptime."""
    if not parts:
        return
    monitors, starts = [part.monitor_id for part in parts], [part.at for part in parts]
    first, last = min(starts), max(starts) + HOUR
    await connection.execute(_ROLL_HOURS + _REPLACE, monitors, starts, first, last)
    rows = await connection.fetch(_ROUNDS, monitors, starts, first - LONGEST_INTERVAL, last)
    rounds: dict[Part, list[RoundOutcome]] = defaultdict(list)
    intervals: dict[int, int] = {}
    for monitor_id, at, interval_seconds, due_at, passed, failed in rows:
        rounds[Part(monitor_id, at)].append(RoundOutcome(to_ms(due_at), passed, failed))
        intervals[monitor_id] = 1000 * interval_seconds
    maintenance = await maintenance_spans(connection, list(intervals), last)
    outages = await down_spans(connection, list(intervals), first, last)
    evaluated = [
        (
            part,
            evaluated_time(
                found,
                intervals[part.monitor_id],
                _hour(part.at),
                maintenance.get(part.monitor_id, ()),
                outages.get(part.monitor_id, ()),
            ),
        )
        for part, found in rounds.items()
    ]
    await _write_uptime(connection, evaluated)


async def roll_days(connection: Connection, parts: Sequence[Part]) -> None:
    """Roll these days up from their hours."""
    if not parts:
        return
    monitors, starts = [part.monitor_id for part in parts], [part.at for part in parts]
    first, last = min(starts), max(starts) + timedelta(days=1)
    await connection.execute(_ROLL_DAYS + _REPLACE, monitors, starts, first, last)
    await connection.execute(_UPTIME_DAYS, monitors, starts, first, last)


async def maintenance_spans(connection: Connection, monitors: list[int], until: datetime) -> dict[int, list[Span]]:
    """When these monitors were in maintenance, as far as known; a span that has not ended ends at `until`."""
    rows = await connection.fetch(
        "SELECT monitor_id, from_at, COALESCE(to_at, GREATEST(from_at, $2)) AS to_at FROM maintenance_time"
        " WHERE monitor_id = ANY($1::bigint[]) ORDER BY monitor_id, from_at",
        monitors,
        until,
    )
    spans: dict[int, list[Span]] = defaultdict(list)
    for row in rows:
        spans[row["monitor_id"]].append(Span(to_ms(row["from_at"]), to_ms(row["to_at"])))
    return spans


async def _write_uptime(connection: Connection, evaluated: Iterable[tuple[Part, EvaluatedTime]]) -> None:
    rows = [(part.monitor_id, part.at, time.evaluated_ms, time.down_ms) for part, time in evaluated]
    if rows:
        await connection.execute(_INSERT_UPTIME, *map(list, zip(*rows, strict=True)))


def _hour(at: datetime) -> Span:
    return Span(to_ms(at), to_ms(at + HOUR))
