-- Acknowledging from a message, and acknowledgements that end.
-- depends: 0045_incident_groups

-- migrate: apply

-- acknowledged_until: NULL until the incident is resolved. acknowledged_by: a person's address, a token's name, or the
-- address or channel that a message went to.
ALTER TABLE incident
  ADD COLUMN acknowledged_until timestamptz(3),
  ADD COLUMN acknowledged_by text;

UPDATE incident SET acknowledged_by = (
  SELECT done_by FROM incident_change WHERE incident_id = incident.id AND kind = 'acknowledged' ORDER BY id LIMIT 1
) WHERE acknowledged_at IS NOT NULL;

-- Until when an acknowledgement lasts; NULL for any other change, and until the incident is resolved.
ALTER TABLE incident_change ADD COLUMN acknowledged_until timestamptz(3);

-- What the link of one attempt to send a message allows: to acknowledge what the message is about.
-- digest: the SHA-256 of the token.
CREATE TABLE ack_token (
  digest bytea PRIMARY KEY,
  incident_id bigint NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  delivery_id bigint NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX ack_token_incident ON ack_token (incident_id);
CREATE INDEX ack_token_delivery ON ack_token (delivery_id);
CREATE INDEX ack_token_expires_at ON ack_token (expires_at);

-- migrate: rollback

DROP TABLE ack_token;
ALTER TABLE incident_change DROP COLUMN acknowledged_until;
ALTER TABLE incident DROP COLUMN acknowledged_until, DROP COLUMN acknowledged_by;
