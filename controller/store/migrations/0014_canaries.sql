-- Canaries: requests of no monitor that show whether requests and results of a location get through.
-- depends: 0013_unpaged

-- migrate: apply

-- What an agent reads beyond the first version of the wire (Heartbeat.reads).
ALTER TABLE agent ADD COLUMN reads text[] NOT NULL DEFAULT '{}';

-- The latest canary of each kind of check, whose consumer it goes through. due_at is null when it was not sent after all.
-- All other moments are by the database's clock. since: when its kind got the first one. missed: how many before it in a
-- row did not come back. stored_due_at and back_due_at: the latest canary whose result was stored, and that the evaluator handled.
-- failed: how many dialogues with the canary target failed in a row; failure is what the last one found.
CREATE TABLE canary (
  location_id bigint NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  kind text NOT NULL,
  due_at timestamptz(3),
  sent_at timestamptz(3) NOT NULL,
  since timestamptz(3) NOT NULL,
  missed int NOT NULL DEFAULT 0,
  stored_due_at timestamptz(3),
  back_due_at timestamptz(3),
  back_at timestamptz(3),
  round_trip_ms float8,
  failed int NOT NULL DEFAULT 0,
  failure text,
  PRIMARY KEY (location_id, kind)
);

-- migrate: rollback

DROP TABLE canary;
ALTER TABLE agent DROP COLUMN reads;
