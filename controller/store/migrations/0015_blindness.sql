-- When a location last missed a check, so that its blindness ends with the first result of a later one.
-- depends: 0014_canaries

-- migrate: apply

-- The moment when the last missing check of the period was due; empty in periods of before.
ALTER TABLE blind_period ADD COLUMN missed_at timestamptz(3);

CREATE INDEX blind_period_end ON blind_period (to_at);

-- A monitor whose first evaluations were all undecided had no moment since when its verdict is unknown.
UPDATE monitor_state
SET state = (state::jsonb || jsonb_build_object(
  'sinceMs', (EXTRACT(epoch FROM monitor.created_at) * 1000)::bigint
))::json
FROM monitor
WHERE monitor.id = monitor_id AND verdict = 'unknown' AND state ->> 'takenMs' IS NOT NULL
  AND COALESCE((state ->> 'sinceMs')::bigint, 0) = 0;

-- migrate: rollback

DROP INDEX blind_period_end;
ALTER TABLE blind_period DROP COLUMN missed_at;
