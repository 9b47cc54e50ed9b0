-- How many text messages were sent this month.
-- depends: 0022_retention

-- migrate: apply

CREATE INDEX delivery_sms_sent ON delivery (sent_at) WHERE type = 'sms' AND state = 'sent';

-- migrate: rollback

DROP INDEX delivery_sms_sent;
