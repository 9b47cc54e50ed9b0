-- Find the deliveries that failed lately, whatever their channel.
-- depends: 0058_reminders_of_packages

-- migrate: apply

CREATE INDEX delivery_failed ON delivery (created_at) WHERE state = 'failed' AND channel_id IS NOT NULL;

-- migrate: rollback

DROP INDEX delivery_failed;
