-- Channels as AlertSite's recipients, groups that say which of them hear of which monitors, and their quiet times.
-- depends: 0045_incident_groups

-- migrate: apply

-- recipient: what only AlertSite's API knows of a channel (controller/model/recipients.py); NULL has the defaults.
ALTER TABLE notification_channel ADD COLUMN recipient json;

CREATE TABLE recipient_group (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  is_default boolean NOT NULL DEFAULT false,
  -- errortypes and templates are stored and returned: {"errortypes": [5], "templates": [...]}
  extras json NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX recipient_group_organization ON recipient_group (organization_id);
CREATE UNIQUE INDEX recipient_group_default ON recipient_group (organization_id) WHERE is_default;

CREATE TABLE recipient_group_monitor (
  group_id bigint NOT NULL REFERENCES recipient_group (id) ON DELETE CASCADE,
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  step_number integer NOT NULL DEFAULT 0,
  PRIMARY KEY (group_id, monitor_id)
);

CREATE INDEX recipient_group_of_monitor ON recipient_group_monitor (monitor_id);

CREATE TABLE recipient_group_channel (
  group_id bigint NOT NULL REFERENCES recipient_group (id) ON DELETE CASCADE,
  channel_id bigint NOT NULL REFERENCES notification_channel (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, channel_id)
);

CREATE INDEX recipient_group_of_channel ON recipient_group_channel (channel_id);

-- A recipient hears nothing from starts_on to ends_on (the wall clock of time_zone), once or every week. The numbers are
-- those of maintenance windows too, because one list has both.
CREATE TABLE recipient_blackout (
  id bigint PRIMARY KEY DEFAULT nextval('maintenance_window_id_seq'),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  channel_id bigint NOT NULL REFERENCES notification_channel (id) ON DELETE CASCADE,
  time_zone text NOT NULL,
  starts_on timestamp(0) NOT NULL,
  ends_on timestamp(0) NOT NULL,
  weekly boolean NOT NULL,
  note text NOT NULL DEFAULT '',
  made_by bigint REFERENCES account (id) ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  CHECK (ends_on > starts_on)
);

CREATE INDEX recipient_blackout_organization ON recipient_blackout (organization_id);
CREATE INDEX recipient_blackout_channel ON recipient_blackout (channel_id);
CREATE INDEX recipient_blackout_made_by ON recipient_blackout (made_by);

-- migrate: rollback

DROP TABLE recipient_blackout, recipient_group_channel, recipient_group_monitor, recipient_group;
ALTER TABLE notification_channel DROP COLUMN recipient;
