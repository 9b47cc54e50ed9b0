-- People and what they may reach, sessions, what vendors store of organizations and customers, counts of requests.
-- depends: 0001_first

-- migrate: apply

ALTER TABLE organization
  ADD COLUMN company_name text,
  ADD COLUMN street text,
  ADD COLUMN postal_code text,
  ADD COLUMN city text,
  ADD COLUMN country text,
  ADD COLUMN vat_id text,
  ADD COLUMN billing_email text,
  ADD COLUMN default_notification_channels json,
  ADD COLUMN default_notification_targets json;

ALTER TABLE customer
  ADD COLUMN email text,
  ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'marked_for_cancellation')),
  ADD COLUMN package_type text,
  ADD COLUMN notification_email text,
  ADD COLUMN notification_phone_number text,
  ADD COLUMN alert_location_threshold_count int CHECK (alert_location_threshold_count > 0),
  ADD COLUMN monthly_reports_enabled boolean NOT NULL DEFAULT false,
  ADD COLUMN custom_fields json,
  ADD COLUMN cancelled_at timestamptz(3);

-- customer_ids are the customers the account is limited to; null is no limit.
ALTER TABLE account
  ADD COLUMN first_name text,
  ADD COLUMN last_name text,
  ADD COLUMN customer_ids bigint[],
  ADD COLUMN last_login_at timestamptz(3),
  ADD CONSTRAINT account_role
    CHECK (role IN ('admin', 'user', 'editor', 'readonly', 'global_supporter', 'global_admin'));

CREATE INDEX account_organization ON account (organization_id);

ALTER TABLE api_token ADD COLUMN last_used_at timestamptz(3);

CREATE INDEX api_token_organization ON api_token (organization_id);

-- A person who logged in: a browser's cookie, or an access token. token_hash is a SHA-256. A cookie's session ends at
-- idle_until, which use moves, and at expires_at at the latest.
CREATE TABLE session (
  token_hash bytea PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  cookie boolean NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  idle_until timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires_at ON session (expires_at);

-- How often somebody asked since since_at. Lost in a crash, which harms nobody: no write of it waits for the disk.
CREATE UNLOGGED TABLE request_count (
  who text PRIMARY KEY,
  since_at timestamptz(3) NOT NULL,
  requests int NOT NULL
) WITH (fillfactor = 50);

-- Only what changes the plan of checks is worth loading every monitor again.
DROP TRIGGER tell_change ON customer;
DROP TRIGGER tell_change ON organization;
CREATE TRIGGER tell_change AFTER UPDATE ON customer FOR EACH ROW
  WHEN (OLD.allowed_check_country_codes IS DISTINCT FROM NEW.allowed_check_country_codes)
  EXECUTE FUNCTION tell_change();
CREATE TRIGGER tell_change AFTER UPDATE ON organization FOR EACH ROW
  WHEN (OLD.allowed_check_country_codes IS DISTINCT FROM NEW.allowed_check_country_codes)
  EXECUTE FUNCTION tell_change();

-- migrate: rollback

DROP TRIGGER tell_change ON customer;
DROP TRIGGER tell_change ON organization;
CREATE TRIGGER tell_change AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION tell_change();
CREATE TRIGGER tell_change AFTER UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION tell_change();

DROP TABLE request_count, session;
DROP INDEX api_token_organization, account_organization;
ALTER TABLE api_token DROP COLUMN last_used_at;
ALTER TABLE account
  DROP CONSTRAINT account_role,
  DROP COLUMN first_name, DROP COLUMN last_name, DROP COLUMN customer_ids, DROP COLUMN last_login_at;
ALTER TABLE customer
  DROP COLUMN email, DROP COLUMN status, DROP COLUMN package_type, DROP COLUMN notification_email,
  DROP COLUMN notification_phone_number, DROP COLUMN alert_location_threshold_count,
  DROP COLUMN monthly_reports_enabled, DROP COLUMN custom_fields, DROP COLUMN cancelled_at;
ALTER TABLE organization
  DROP COLUMN company_name, DROP COLUMN street, DROP COLUMN postal_code, DROP COLUMN city, DROP COLUMN country,
  DROP COLUMN vat_id, DROP COLUMN billing_email, DROP COLUMN default_notification_channels,
  DROP COLUMN default_notification_targets;
