-- The ends of maintenance have indexes, because each controller looks for those that are due every second.
-- depends: 0040_maintenance_windows

-- migrate: apply

CREATE INDEX maintenance_occurrence_to ON maintenance_occurrence (to_at);
CREATE INDEX maintenance_time_to ON maintenance_time (to_at);

-- migrate: rollback

DROP INDEX maintenance_time_to;
DROP INDEX maintenance_occurrence_to;
