-- What charts and uptime are made of once results are too many or gone: roll-ups by hour and by day.
-- depends: 0001_first

-- migrate: apply

-- What the checks of one location found in an hour or a day (bucket_seconds 3600 or 86400; days are made of hours).
-- Durations are those of passed checks. Bin b counts those of which ceil(ln(ms) / ln(growth)) is b, the growth as in
-- controller.decisions.histogram.
CREATE TABLE rollup (
  monitor_id bigint NOT NULL,
  bucket_seconds int NOT NULL,
  bucket_at timestamptz(3) NOT NULL,
  location_id int NOT NULL,
  passed int NOT NULL,
  failed int NOT NULL,
  blind int NOT NULL,
  warned int NOT NULL,
  duration_ms_sum double precision NOT NULL,
  duration_ms_min real,
  duration_ms_max real,
  bins smallint[] NOT NULL,
  counts int[] NOT NULL,
  PRIMARY KEY (monitor_id, bucket_seconds, bucket_at, location_id)
) PARTITION BY RANGE (bucket_at);

-- How much of an hour or a day was judged, and how much of that the monitor was down. No row: nothing was judged.
CREATE TABLE uptime (
  monitor_id bigint NOT NULL,
  bucket_seconds int NOT NULL,
  bucket_at timestamptz(3) NOT NULL,
  judged_ms int NOT NULL,
  down_ms int NOT NULL,
  PRIMARY KEY (monitor_id, bucket_seconds, bucket_at)
) PARTITION BY RANGE (bucket_at);

-- Roll-ups of all hours before rolled_until are complete. A result of an hour before closed_until comes too late for its
-- first roll-up, so ingest writes the hour into rollup_due in the same transaction and it is rolled up anew.
CREATE TABLE rollup_progress (
  closed_until timestamptz(3) NOT NULL,
  rolled_until timestamptz(3) NOT NULL
);

CREATE UNIQUE INDEX rollup_progress_single ON rollup_progress ((true));

INSERT INTO rollup_progress (closed_until, rolled_until)
SELECT first.hour, first.hour
FROM (SELECT date_trunc('hour', COALESCE((SELECT min(due_at) FROM result), now()), 'UTC') AS hour) AS first;

CREATE TABLE rollup_due (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id bigint NOT NULL,
  hour timestamptz(3) NOT NULL
);

-- When a monitor's status was maintenance: that time is not judged. to_at is null while it still is.
CREATE TABLE maintenance_time (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3),
  PRIMARY KEY (monitor_id, from_at)
);

INSERT INTO maintenance_time (monitor_id, from_at) SELECT id, updated_at FROM monitor WHERE status = 'maintenance';

CREATE FUNCTION keep_maintenance_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE maintenance_time SET to_at = clock_timestamp() WHERE monitor_id = NEW.id AND to_at IS NULL;
  IF NEW.status = 'maintenance' THEN
    INSERT INTO maintenance_time (monitor_id, from_at) VALUES (NEW.id, clock_timestamp())
    ON CONFLICT (monitor_id, from_at) DO UPDATE SET to_at = NULL;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER begin_maintenance_time AFTER INSERT ON monitor FOR EACH ROW WHEN (NEW.status = 'maintenance')
  EXECUTE FUNCTION keep_maintenance_time();
CREATE TRIGGER change_maintenance_time AFTER UPDATE OF status ON monitor FOR EACH ROW
  WHEN ((OLD.status = 'maintenance') <> (NEW.status = 'maintenance')) EXECUTE FUNCTION keep_maintenance_time();

-- migrate: rollback

DROP TRIGGER change_maintenance_time ON monitor;
DROP TRIGGER begin_maintenance_time ON monitor;
DROP FUNCTION keep_maintenance_time;
DROP TABLE maintenance_time, rollup_due, rollup_progress, uptime, rollup;
