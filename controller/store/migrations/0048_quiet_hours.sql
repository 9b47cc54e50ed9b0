-- Quiet hours of channels, digests of what they held, and notices about channels that fail.
-- depends: 0045_incident_groups

-- migrate: apply

-- quiet_hours: {"timeZone", "windows": [{"days", "from", "to"}], "severities", "except"}; NULL: never quiet.
ALTER TABLE notification_channel ADD COLUMN quiet_hours json;

-- A delivery that became due in quiet hours has the state held until held_until, then digested: the delivery digest_id
-- tells it. about_channel_id: it tells that this channel fails, or works again.
ALTER TABLE delivery
  ADD COLUMN held_until timestamptz(3),
  ADD COLUMN digest_id bigint REFERENCES delivery (id) ON DELETE SET NULL,
  ADD COLUMN about_channel_id bigint;

CREATE INDEX delivery_held ON delivery (held_until) WHERE state = 'held';
CREATE INDEX delivery_of_digest ON delivery (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX delivery_held_of_channel ON delivery (channel_id) WHERE state = 'held';

CREATE INDEX delivery_given_up ON delivery (channel_id, id) WHERE state = 'failed' AND channel_id IS NOT NULL;

-- failing_since: when the failures in a row began.
ALTER TABLE delivery_lane ADD COLUMN failing_since timestamptz(3);

-- A channel of which its owner was notified that it fails, and on which channel; the row is there until it works again.
CREATE TABLE channel_outage (
  channel_id bigint PRIMARY KEY REFERENCES notification_channel (id) ON DELETE CASCADE,
  since timestamptz(3) NOT NULL,
  notified_channel_id bigint NOT NULL,
  notified_at timestamptz(3) NOT NULL DEFAULT now()
);

-- migrate: rollback

UPDATE delivery SET state = 'waiting', lane = NULL, next_at = now() WHERE state = 'held';
UPDATE delivery SET state = 'sent' WHERE state = 'digested';
DROP TABLE channel_outage;
DROP INDEX delivery_given_up;
ALTER TABLE delivery_lane DROP COLUMN failing_since;
ALTER TABLE delivery DROP COLUMN held_until, DROP COLUMN digest_id, DROP COLUMN about_channel_id;
ALTER TABLE notification_channel DROP COLUMN quiet_hours;
