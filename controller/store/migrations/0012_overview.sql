-- The overview sorts by uptime: of all hours of all monitors it needs those that were not up all the time.
-- depends: 0005_rollups 0011_dashboard

-- migrate: apply

CREATE INDEX uptime_down ON uptime (bucket_at, monitor_id) WHERE down_ms > 0 AND bucket_seconds = 3600;

-- migrate: rollback

DROP INDEX uptime_down;
