-- Digest mails of channels, daily or weekly.
-- depends: 0048_quiet_hours

-- migrate: apply

-- digest: {"frequency", "at", "weekday"}; NULL: none. digest_due_at: when the next one is made; digest_since: from when on
-- it reports.
ALTER TABLE notification_channel
  ADD COLUMN digest json,
  ADD COLUMN digest_due_at timestamptz(3),
  ADD COLUMN digest_since timestamptz(3);

CREATE INDEX notification_channel_digest ON notification_channel (digest_due_at) WHERE digest_due_at IS NOT NULL;

-- migrate: rollback

DROP INDEX notification_channel_digest;
ALTER TABLE notification_channel DROP COLUMN digest, DROP COLUMN digest_due_at, DROP COLUMN digest_since;
