-- In which account of the broker a login is.
-- depends: 0015_blindness

-- migrate: apply

-- The public key of the account of the location or of the subscriber; NULL for logins of earlier versions, which share
-- one account.
ALTER TABLE location_key ADD COLUMN nats_account text;
ALTER TABLE subscriber ADD COLUMN nats_account text;

-- migrate: rollback

ALTER TABLE subscriber DROP COLUMN nats_account;
ALTER TABLE location_key DROP COLUMN nats_account;
