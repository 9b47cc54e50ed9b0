-- What people do in an on-call service comes back from there.
-- depends: 0045_incident_groups

-- migrate: apply

-- channel_id: the channel to whose service a person did this; that channel is not told of it.
ALTER TABLE incident_change ADD COLUMN channel_id bigint REFERENCES notification_channel (id) ON DELETE SET NULL;

CREATE INDEX incident_change_channel ON incident_change (channel_id) WHERE channel_id IS NOT NULL;

-- migrate: rollback

ALTER TABLE incident_change DROP COLUMN channel_id;
