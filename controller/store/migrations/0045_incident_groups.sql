-- Incidents of one cause belong together: who hears of them gets few messages. Monitors that depend on others.
-- depends: 0044_times_by_window

-- migrate: apply

-- grouping: {"enabled", "groupSeconds", "groupUpdateSeconds", "stormLimit"}; what is missing has its default, or in a
-- customer's is the organization's.
ALTER TABLE organization ADD COLUMN grouping json;
ALTER TABLE customer ADD COLUMN grouping json;

-- While the parent is down, nobody is notified of the monitor.
CREATE TABLE monitor_dependency (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  parent_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  PRIMARY KEY (monitor_id, parent_id),
  CHECK (monitor_id <> parent_id)
);

CREATE INDEX monitor_dependency_parent ON monitor_dependency (parent_id);

-- Every incident belongs to a group, most of them alone. kind: cause, or storm for many causes at once. cause: in words.
-- keys: an incident with one of these has the same cause; weak_key joins only soon after opened_at. merged_into: the storm
-- that took its incidents over. closed_at: all its incidents have ended, and those who were notified know it.
CREATE TABLE incident_group (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('cause', 'storm')),
  cause text NOT NULL,
  keys text[] NOT NULL DEFAULT '{}',
  weak_key text,
  opened_at timestamptz(3) NOT NULL DEFAULT now(),
  merged_into bigint REFERENCES incident_group (id) ON DELETE SET NULL,
  closed_at timestamptz(3)
);

CREATE INDEX incident_group_organization ON incident_group (organization_id, opened_at);
CREATE INDEX incident_group_open ON incident_group (organization_id) WHERE closed_at IS NULL;
CREATE INDEX incident_group_keys ON incident_group USING gin (keys) WHERE closed_at IS NULL;

-- held_by: the open incident of a monitor that this one depends on, because of which nobody is notified; released_at: when
-- that was over.
ALTER TABLE incident
  ADD COLUMN group_id bigint REFERENCES incident_group (id),
  ADD COLUMN cause text NOT NULL DEFAULT '',
  ADD COLUMN held_by bigint REFERENCES incident (id) ON DELETE SET NULL,
  ADD COLUMN released_at timestamptz(3);

CREATE INDEX incident_of_group ON incident (group_id);
CREATE INDEX incident_open_in_group ON incident (group_id) WHERE resolved_at IS NULL;
CREATE INDEX incident_held ON incident (held_by) WHERE held_by IS NOT NULL AND resolved_at IS NULL;

-- Who was notified of a group, or will be. Later messages belong to the thread of the first one, which is about
-- thread_incident_id. incidents: those of which the receiver was notified, or will be; open_incidents: those of them that
-- are open. messages: how many were made, the last at notified_at. due_at: when the next one is, NULL while there is
-- nothing to say.
CREATE TABLE group_receiver (
  group_id bigint NOT NULL REFERENCES incident_group (id) ON DELETE CASCADE,
  receiver_key text NOT NULL,
  channel_id bigint,
  channel_name text,
  type text NOT NULL,
  receiver text NOT NULL,
  thread_incident_id bigint NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  incidents int NOT NULL,
  open_incidents int NOT NULL,
  messages int NOT NULL,
  notified_at timestamptz(3) NOT NULL,
  due_at timestamptz(3),
  PRIMARY KEY (group_id, receiver_key)
);

CREATE INDEX group_receiver_due ON group_receiver (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX group_receiver_thread ON group_receiver (thread_incident_id);

-- That a receiver hears of a change of an incident. delivery_id: by which message; NULL while it waits for one about the
-- whole group, which includes it from not_before on. dropped: why no message includes it.
CREATE TABLE grouped_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  group_id bigint NOT NULL REFERENCES incident_group (id) ON DELETE CASCADE,
  receiver_key text NOT NULL,
  incident_id bigint NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  change_id bigint NOT NULL REFERENCES incident_change (id) ON DELETE CASCADE,
  kind text NOT NULL,
  not_before timestamptz(3) NOT NULL DEFAULT now(),
  delivery_id bigint REFERENCES delivery (id) ON DELETE CASCADE,
  dropped text
);

CREATE UNIQUE INDEX grouped_change_once ON grouped_change (change_id, receiver_key);
CREATE INDEX grouped_change_waiting ON grouped_change (group_id, receiver_key)
  WHERE delivery_id IS NULL AND dropped IS NULL;
CREATE INDEX grouped_change_incident ON grouped_change (incident_id, receiver_key);
CREATE INDEX grouped_change_delivery ON grouped_change (delivery_id) WHERE delivery_id IS NOT NULL;

-- A message about a group has group_id, and as incident_id that of its thread.
ALTER TABLE delivery ADD COLUMN group_id bigint REFERENCES incident_group (id) ON DELETE SET NULL;

-- migrate: rollback

ALTER TABLE delivery DROP COLUMN group_id;
DROP TABLE grouped_change, group_receiver;
ALTER TABLE incident DROP COLUMN group_id, DROP COLUMN cause, DROP COLUMN held_by, DROP COLUMN released_at;
DROP TABLE incident_group, monitor_dependency;
ALTER TABLE customer DROP COLUMN grouping;
ALTER TABLE organization DROP COLUMN grouping;
