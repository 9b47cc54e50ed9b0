-- The page of a window shows when it was under way; the primary key of those times begins with the monitor.
-- depends: 0040_maintenance_windows

-- migrate: apply

CREATE INDEX maintenance_time_by_window ON maintenance_time (window_id, from_at);

-- migrate: rollback

DROP INDEX maintenance_time_by_window;
