"""The statements that roll up. `bucket_seconds` is HOUR_SECONDS or DAY_SECONDS of decisions.history.views."""

ROLL_HOURS = """
WITH binned AS (
  SELECT part.monitor_id, part.at, found.location_id, found.status, found.bin, count(*) AS number,
    count(*) FILTER (WHERE found.warned) AS warned, sum(found.duration_ms::float8) AS duration_ms_sum,
    min(found.duration_ms) AS duration_ms_min, max(found.duration_ms) AS duration_ms_max
  FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
  CROSS JOIN LATERAL (
    SELECT location_id, status, duration_ms, warnings IS NOT NULL AS warned,
      CASE WHEN status = 'success' THEN bin_of(duration_ms) END AS bin
    FROM result
    WHERE result.monitor_id = part.monitor_id AND due_at >= part.at AND due_at < part.at + interval '1 hour'
      AND due_at >= $3 AND due_at < $4
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

ROLL_DAYS = """
WITH hours AS (
  SELECT part.at AS day, hour.*
  FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
  CROSS JOIN LATERAL (
    SELECT * FROM rollup
    WHERE rollup.monitor_id = part.monitor_id AND bucket_seconds = 3600
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
SELECT monitor_id, 86400, day, location_id, passed, failed, blind, warned, duration_ms_sum, duration_ms_min,
  duration_ms_max, COALESCE(bins, '{}'), COALESCE(counts, '{}')
FROM total LEFT JOIN histogram USING (monitor_id, day, location_id)
ON CONFLICT (monitor_id, bucket_seconds, bucket_at, location_id) DO UPDATE SET passed = EXCLUDED.passed,
  failed = EXCLUDED.failed, blind = EXCLUDED.blind, warned = EXCLUDED.warned,
  duration_ms_sum = EXCLUDED.duration_ms_sum, duration_ms_min = EXCLUDED.duration_ms_min,
  duration_ms_max = EXCLUDED.duration_ms_max, bins = EXCLUDED.bins, counts = EXCLUDED.counts
"""
"""The same of days, from their hours."""

ROUNDS = """
SELECT part.monitor_id, part.at, monitor.interval_seconds, found.due_at, found.passed, found.failed
FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
JOIN monitor ON monitor.id = part.monitor_id
CROSS JOIN LATERAL (
  SELECT due_at, count(*) FILTER (WHERE status = 'success') AS passed,
    count(*) FILTER (WHERE status = 'failure') AS failed
  FROM (
    SELECT due_at, status FROM result
    WHERE result.monitor_id = part.monitor_id AND purpose = 'scheduled'
      AND due_at >= part.at AND due_at < part.at + interval '1 hour' AND due_at > $3 AND due_at < $4
    UNION ALL
    SELECT due_at, status
    FROM results_of(part.monitor_id, part.at - make_interval(secs => monitor.interval_seconds), part.at) AS before
    WHERE purpose = 'scheduled' AND due_at > part.at - make_interval(secs => monitor.interval_seconds)
      AND due_at > $3 AND due_at < $4
  ) AS judging
  GROUP BY due_at
) AS found
ORDER BY part.monitor_id, part.at, found.due_at
"""
"""The scheduled rounds that judge time of these hours; $3 is one interval before the first of them. Only rounds before
an hour may be in blocks.
"""

INSERT_UPTIME = """
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT monitor_id, 3600, at, judged_ms, down_ms
FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[]) AS evaluated (monitor_id, at, judged_ms, down_ms)
ON CONFLICT (monitor_id, bucket_seconds, bucket_at)
DO UPDATE SET judged_ms = EXCLUDED.judged_ms, down_ms = EXCLUDED.down_ms
"""

UPTIME_DAYS = """
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT part.monitor_id, 86400, part.at, sum(judged_ms), sum(down_ms)
FROM unnest($1::bigint[], $2::timestamptz[]) AS part (monitor_id, at)
JOIN uptime ON uptime.monitor_id = part.monitor_id AND bucket_seconds = 3600
  AND bucket_at >= part.at AND bucket_at < part.at + interval '24 hours' AND bucket_at >= $3 AND bucket_at < $4
GROUP BY part.monitor_id, part.at
ON CONFLICT (monitor_id, bucket_seconds, bucket_at)
DO UPDATE SET judged_ms = EXCLUDED.judged_ms, down_ms = EXCLUDED.down_ms
"""
