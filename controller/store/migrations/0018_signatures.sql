-- What locations sign: with which key, since when nothing else is accepted from them, and what was refused.
-- depends: 0017_audit

-- migrate: apply

-- From signed_only_from on, a location's unsigned results and heartbeats are refused; NULL: not yet.
ALTER TABLE location ADD COLUMN signed_only_from timestamptz(3);

-- The key that signed an agent's latest heartbeat; NULL: it was not signed.
ALTER TABLE agent ADD COLUMN signed_by text;

-- request_keys: the ids of the request keys in the enrolment file with this key; NULL in older rows: not recorded.
-- last_used_at: when a heartbeat was last signed with it, to the minute.
ALTER TABLE location_key ADD COLUMN request_keys text[], ADD COLUMN last_used_at timestamptz(3);

-- The latest heartbeat of each location that was refused because of its signature.
CREATE TABLE refused_heartbeat (
  location_id int PRIMARY KEY REFERENCES location (id) ON DELETE CASCADE,
  agent text NOT NULL,
  why text NOT NULL,
  refused_at timestamptz(3) NOT NULL
);

-- migrate: rollback

DROP TABLE refused_heartbeat;
ALTER TABLE location_key DROP COLUMN request_keys, DROP COLUMN last_used_at;
ALTER TABLE agent DROP COLUMN signed_by;
ALTER TABLE location DROP COLUMN signed_only_from;
