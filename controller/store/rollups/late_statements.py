"""The statements that roll up hours again after late results, when most of their results may be in blocks.

They are those of store.rollups.statements but for what they read: hours are rolled up before they are put into blocks,
and reading rows alone is three times as fast. ROLL_DAYS and UPTIME_DAYS read hours, so there is one of each.
"""

ROLL_LATE_HOURS = """
WITH binned AS (
  SELECT part.monitor_id, part.at, found.location_id, found.status, found.bin, count(*) AS number,
    count(*) FILTER (WHERE found.warned) AS warned, sum(found.duration_ms::float8) AS duration_ms_sum,
    min(found.duration_ms) AS duration_ms_min, max(found.duration_ms) AS duration_ms_max
  FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
  CROSS JOIN LATERAL (
    SELECT location_id, status, duration_ms, warnings IS NOT NULL AS warned,
      CASE WHEN status = 'success' THEN bin_of(duration_ms) END AS bin
    FROM results_of(part.monitor_id, part.at, part.at + interval '1 hour') AS result
    WHERE due_at >= $3 AND due_at < $4
    OFFSET 0
  ) AS found
  GROUP BY part.monitor_id, part.at, found.location_id, found.status, found.bin
)
INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,
  duration_ms_min, duration_ms_max, bins, counts)
SELECT monitor_id, 3600, at, location_id,
  COALESCE(sum(number) FILTER (WHERE status = 'success'), 0),
  COALESCE(sum(number) FILTER (WHERE status = 'failure'), 0),
  COALESCE(sum(number) FILTER (WHERE status = 'unknown'), 0),
  sum(warned),
  COALESCE(sum(duration_ms_sum) FILTER (WHERE status = 'success'), 0),
  min(duration_ms_min) FILTER (WHERE status = 'success'),
  max(duration_ms_max) FILTER (WHERE status = 'success'),
  COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE status = 'success'), '{}'),
  COALESCE(array_agg(number ORDER BY bin) FILTER (WHERE status = 'success'), '{}')
FROM binned GROUP BY monitor_id, at, location_id
ON CONFLICT (monitor_id, bucket_seconds, bucket_at, location_id) DO UPDATE SET passed = EXCLUDED.passed,
  failed = EXCLUDED.failed, blind = EXCLUDED.blind, warned = EXCLUDED.warned,
  duration_ms_sum = EXCLUDED.duration_ms_sum, duration_ms_min = EXCLUDED.duration_ms_min,
  duration_ms_max = EXCLUDED.duration_ms_max, bins = EXCLUDED.bins, counts = EXCLUDED.counts
"""
"""$1 and $2: monitors and hours; $3 and $4: the time that contains all of these."""

LATE_ROUNDS = """
SELECT part.monitor_id, part.at, monitor.interval_seconds, found.due_at, found.passed, found.failed
FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
JOIN monitor ON monitor.id = part.monitor_id
CROSS JOIN LATERAL (
  SELECT due_at, count(*) FILTER (WHERE status = 'success') AS passed,
    count(*) FILTER (WHERE status = 'failure') AS failed
  FROM results_of(
    part.monitor_id, part.at - make_interval(secs => monitor.interval_seconds), part.at + interval '1 hour'
  ) AS result
  WHERE purpose = 'scheduled' AND due_at > part.at - make_interval(secs => monitor.interval_seconds)
    AND due_at > $3 AND due_at < $4
  GROUP BY due_at
) AS found
ORDER BY part.monitor_id, part.at, found.due_at
"""
"""The scheduled rounds that judge time of these hours; $3 is one interval before the first of them."""
