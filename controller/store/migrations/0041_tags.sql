-- Tags: the numbers and colours under which Uptimeify's clients know labels without a value.
-- depends: 0040_maintenance_windows

-- migrate: apply

-- A tag that somebody made is kept; any other one is there as long as a monitor or a window has a label of its name.
CREATE TABLE tag (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name text NOT NULL,
  color text NOT NULL DEFAULT 'gray',
  kept boolean NOT NULL,
  made_by bigint REFERENCES account (id) ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (organization_id, name)
);

CREATE INDEX tag_made_by ON tag (made_by);

-- Since when monitors have tags, as far as they got them by their numbers.
CREATE TABLE tagged_monitor (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  tag_id bigint NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (monitor_id, tag_id)
);

CREATE INDEX tagged_monitor_tag ON tagged_monitor (tag_id);

-- migrate: rollback

DROP TABLE tagged_monitor, tag;
