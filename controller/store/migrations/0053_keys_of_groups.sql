-- The keys of incident groups in a table of their own: a storm has thousands, and each of its incidents adds some.
-- depends: 0052_digests

-- migrate: apply

-- An incident with one of these keys has the same cause as the group, which is open.
CREATE TABLE incident_group_key (
  group_id bigint NOT NULL REFERENCES incident_group (id) ON DELETE CASCADE,
  key text NOT NULL,
  PRIMARY KEY (group_id, key)
);

CREATE INDEX incident_group_key_key ON incident_group_key (key);

INSERT INTO incident_group_key (group_id, key)
SELECT DISTINCT id, key FROM incident_group, unnest(keys) AS key WHERE closed_at IS NULL;

DROP INDEX incident_group_keys;
ALTER TABLE incident_group DROP COLUMN keys;

-- migrate: rollback

ALTER TABLE incident_group ADD COLUMN keys text[] NOT NULL DEFAULT '{}';

UPDATE incident_group SET keys = ARRAY(SELECT key FROM incident_group_key WHERE group_id = incident_group.id ORDER BY key)
WHERE closed_at IS NULL;

CREATE INDEX incident_group_keys ON incident_group USING gin (keys) WHERE closed_at IS NULL;
DROP TABLE incident_group_key;
