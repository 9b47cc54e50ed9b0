-- Maintenance windows: when planned work is, for what, and from when to when that was; they replace a status.
-- depends: 0039_discoveries

-- migrate: apply

-- Times are those of a wall clock in time_zone; ends_on null: without an end. recurrence is
-- decisions.maintenance.recurrence.Recurrence. customer_id null: the organization's, else only monitors of that customer
-- are meant. of_status is the monitor whose status maintenance (in the vendors' words) this window is. Occurrences are
-- stored until expanded_until, as this version of tzdata says.
CREATE TABLE maintenance_window (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  time_zone text NOT NULL,
  starts_on timestamp(0) NOT NULL,
  ends_on timestamp(0),
  recurrence jsonb,
  effect text NOT NULL CHECK (effect IN ('silence', 'suspend')),
  enabled boolean NOT NULL DEFAULT true,
  whole_organization boolean NOT NULL DEFAULT false,
  of_status bigint UNIQUE REFERENCES monitor (id) ON DELETE CASCADE,
  made_by bigint REFERENCES account (id) ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  expanded_until timestamptz(3),
  tzdata text,
  CHECK (ends_on > starts_on),
  CHECK (recurrence IS NULL OR ends_on IS NOT NULL)
);

CREATE INDEX maintenance_window_organization ON maintenance_window (organization_id);
CREATE INDEX maintenance_window_customer ON maintenance_window (customer_id);
CREATE INDEX maintenance_window_made_by ON maintenance_window (made_by);

-- What a window is for: each row is one of these. label_value null is every value of the label.
CREATE TABLE maintenance_target (
  window_id bigint NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
  monitor_id bigint REFERENCES monitor (id) ON DELETE CASCADE,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  location_id integer REFERENCES location (id) ON DELETE CASCADE,
  label_key text,
  label_value text,
  CHECK (num_nonnulls(monitor_id, customer_id, location_id, label_key) = 1),
  CHECK (label_value IS NULL OR label_key IS NOT NULL)
);

CREATE UNIQUE INDEX maintenance_target_once ON maintenance_target
  (window_id, COALESCE(monitor_id, 0), COALESCE(customer_id, 0), COALESCE(location_id, 0),
   COALESCE(label_key, ''), COALESCE(label_value, ''), (label_value IS NULL));
CREATE INDEX maintenance_target_monitor ON maintenance_target (monitor_id);
CREATE INDEX maintenance_target_customer ON maintenance_target (customer_id);
CREATE INDEX maintenance_target_location ON maintenance_target (location_id);

-- Which monitors a window is for. A location is asked for all of them, and is no reason to be quiet.
CREATE VIEW maintained_monitor AS
SELECT maintenance_window.id AS window_id, monitor.id AS monitor_id
FROM maintenance_window JOIN monitor ON monitor.organization_id = maintenance_window.organization_id
WHERE whole_organization AND (maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id)
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.id = maintenance_target.monitor_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.customer_id = maintenance_target.customer_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.organization_id = maintenance_window.organization_id AND monitor.labels ? label_key
  AND (label_value IS NULL OR monitor.labels ->> label_key = label_value)
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id;

-- From when to when an enabled window is: those of the next 40 days, those under way, and past ones. planned_at is the
-- start that the window's times give; from_at and to_at differ from the plan where it was already under way when the
-- window was made, or when somebody started, ended or prolonged it (moved). to_at null: without an end.
CREATE TABLE maintenance_occurrence (
  window_id bigint NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
  planned_at timestamptz(3) NOT NULL,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3),
  moved boolean NOT NULL DEFAULT false,
  PRIMARY KEY (window_id, planned_at),
  CHECK (to_at > from_at)
);

CREATE INDEX maintenance_occurrence_from ON maintenance_occurrence (from_at);

-- Monitors that are in maintenance now, and until when their windows last without a break.
CREATE TABLE monitor_in_maintenance (
  monitor_id bigint PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
  effect text NOT NULL CHECK (effect IN ('silence', 'suspend')),
  since timestamptz(3) NOT NULL,
  until timestamptz(3)
);

-- Until when what begins and ends has been put into maintenance_time and monitor_in_maintenance.
CREATE TABLE maintenance_progress (
  applied_until timestamptz(3) NOT NULL
);

CREATE UNIQUE INDEX maintenance_progress_single ON maintenance_progress ((true));
INSERT INTO maintenance_progress VALUES (now());

-- What was, by window, also by windows that are gone. window_id 0: the status, before there were windows.
DROP TRIGGER keep_maintenance_time ON monitor;
ALTER TABLE maintenance_time ADD COLUMN window_id bigint NOT NULL DEFAULT 0;
ALTER TABLE maintenance_time ADD COLUMN effect text NOT NULL DEFAULT 'silence';
ALTER TABLE maintenance_time DROP CONSTRAINT maintenance_time_pkey;
ALTER TABLE maintenance_time ADD PRIMARY KEY (monitor_id, from_at, window_id);

INSERT INTO maintenance_window (organization_id, customer_id, name, time_zone, starts_on, effect, of_status,
  expanded_until, tzdata)
SELECT monitor.organization_id, monitor.customer_id, 'Maintenance', organization.time_zone,
  COALESCE(max(period.from_at), now()) AT TIME ZONE organization.time_zone, 'silence', monitor.id, 'infinity', ''
FROM monitor JOIN organization ON organization.id = monitor.organization_id
LEFT JOIN maintenance_time AS period ON period.monitor_id = monitor.id AND period.to_at IS NULL
WHERE monitor.status = 'maintenance' AND monitor.deleted_at IS NULL
GROUP BY monitor.id, organization.id;

INSERT INTO maintenance_target (window_id, monitor_id)
SELECT id, of_status FROM maintenance_window;

INSERT INTO maintenance_occurrence (window_id, planned_at, from_at)
SELECT made.id, made.began, made.began
FROM (
  SELECT maintenance_window.id, COALESCE(max(period.from_at), now()) AS began
  FROM maintenance_window
  LEFT JOIN maintenance_time AS period ON period.monitor_id = of_status AND period.to_at IS NULL
  GROUP BY maintenance_window.id
) AS made;

INSERT INTO monitor_in_maintenance (monitor_id, effect, since)
SELECT of_status, 'silence', from_at
FROM maintenance_window JOIN maintenance_occurrence ON window_id = maintenance_window.id;

UPDATE maintenance_time SET window_id = made.id
FROM maintenance_window AS made WHERE made.of_status = monitor_id AND to_at IS NULL;
UPDATE maintenance_time SET to_at = now() WHERE to_at IS NULL AND window_id = 0;
UPDATE monitor SET status = 'active' WHERE status = 'maintenance';

-- migrate: rollback

UPDATE monitor SET status = 'maintenance' FROM maintenance_window WHERE of_status = monitor.id AND enabled;

CREATE TRIGGER keep_maintenance_time AFTER INSERT OR UPDATE OF status ON monitor FOR EACH ROW
  EXECUTE FUNCTION keep_maintenance_time();
DELETE FROM maintenance_time AS other USING maintenance_time AS first
WHERE other.monitor_id = first.monitor_id AND other.from_at = first.from_at AND other.window_id > first.window_id;
UPDATE maintenance_time SET to_at = now()
WHERE (to_at IS NULL OR to_at > now()) AND NOT EXISTS (
  SELECT FROM maintenance_window WHERE of_status = monitor_id AND maintenance_window.id = window_id
);
ALTER TABLE maintenance_time DROP CONSTRAINT maintenance_time_pkey;
ALTER TABLE maintenance_time ADD PRIMARY KEY (monitor_id, from_at);
ALTER TABLE maintenance_time DROP COLUMN effect;
ALTER TABLE maintenance_time DROP COLUMN window_id;

DROP TABLE maintenance_progress, monitor_in_maintenance, maintenance_occurrence;
DROP VIEW maintained_monitor;
DROP TABLE maintenance_target, maintenance_window;
