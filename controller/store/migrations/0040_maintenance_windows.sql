-- Maintenance windows: when planned work is, for what, and from when to when that was.
-- depends: 0039_discoveries

-- migrate: apply

-- Times are those of a wall clock in time_zone; ends_on null: without an end. recurrence is
-- decisions.maintenance.recurrence.Recurrence. customer_id null: the organization's. of_status is the monitor whose status
-- maintenance (in the vendors' words) this window is. Occurrences are stored until expanded_until, as this version of
-- tzdata says.
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
CREATE INDEX maintenance_window_expanded ON maintenance_window (expanded_until) WHERE enabled;

-- What a window is for: one of these. label_value null is every value of the label.
CREATE TABLE maintenance_target (
  window_id bigint NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
  monitor_id bigint REFERENCES monitor (id) ON DELETE CASCADE,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  location_id integer REFERENCES location (id) ON DELETE CASCADE,
  label_key text,
  label_value text,
  CHECK (num_nonnulls(monitor_id, customer_id, location_id, label_key) = 1),
  CHECK (label_value IS NULL OR label_key IS NOT NULL),
  UNIQUE NULLS NOT DISTINCT (window_id, monitor_id, customer_id, location_id, label_key, label_value)
);

CREATE INDEX maintenance_target_monitor ON maintenance_target (monitor_id);
CREATE INDEX maintenance_target_customer ON maintenance_target (customer_id);
CREATE INDEX maintenance_target_location ON maintenance_target (location_id);

-- From when to when an enabled window is, those of the next 40 days and those under way. One that was under way when its
-- window was made begins at that moment. to_at null: without an end.
CREATE TABLE maintenance_occurrence (
  window_id bigint NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3),
  PRIMARY KEY (window_id, from_at),
  CHECK (to_at > from_at)
);

CREATE INDEX maintenance_occurrence_from ON maintenance_occurrence (from_at);

-- migrate: rollback

DROP TABLE maintenance_occurrence, maintenance_target, maintenance_window;
