-- Packages of customers, rules about which channels are used, and the webhook of an organization's escalation.
-- depends: 0045_incident_groups

-- migrate: apply

-- What customers of a package get. NULL says nothing. policy: what its three thresholds mean, so that every reader of
-- policies finds it in the form of the other levels.
CREATE TABLE package (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  package_type text NOT NULL,
  display_name text NOT NULL,
  notes text,
  check_interval_minutes int,
  check_locations int,
  alert_consecutive_checks int,
  alert_location_threshold text,
  alert_location_threshold_count int,
  notification_delay_minutes int NOT NULL DEFAULT 0,
  reminder_delay_minutes int,
  alert_reminder_interval int,
  data_retention_months int,
  max_urls int,
  enable_email_alerts boolean NOT NULL DEFAULT true,
  enable_sms_alerts boolean NOT NULL DEFAULT true,
  enable_webhook_alerts boolean NOT NULL DEFAULT true,
  enable_integration_alerts boolean NOT NULL DEFAULT true,
  enable_maintenance_windows boolean NOT NULL DEFAULT true,
  enable_pdf_reports boolean NOT NULL DEFAULT true,
  enable_post_request_escalation boolean NOT NULL DEFAULT true,
  enable_ssl_check boolean NOT NULL DEFAULT true,
  enable_https_check boolean NOT NULL DEFAULT true,
  enable_status_check boolean NOT NULL DEFAULT true,
  enable_size_check boolean NOT NULL DEFAULT true,
  enable_response_time_check boolean NOT NULL DEFAULT true,
  enable_keyword_check boolean NOT NULL DEFAULT true,
  policy json,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (organization_id, package_type)
);

-- The plan of checks depends on the number of locations of a customer's package.
DROP TRIGGER notify_change ON customer;
CREATE TRIGGER notify_change AFTER UPDATE ON customer FOR EACH ROW
  WHEN (OLD.allowed_check_country_codes IS DISTINCT FROM NEW.allowed_check_country_codes
    OR OLD.package_type IS DISTINCT FROM NEW.package_type)
  EXECUTE FUNCTION notify_change();

CREATE INDEX customer_package ON customer (organization_id, package_type) WHERE package_type IS NOT NULL;

-- Rules: {check type: {"email" | "sms" | "webhook" | "integrations": bool}}; what is missing is as the level above says.
ALTER TABLE organization ADD COLUMN default_notification_rules json;
ALTER TABLE customer ADD COLUMN notification_rules json;

-- Which of an organization's webhooks its escalation is, and how its last test went. cleared: its URL was set to null,
-- and is not shown while the channel is switched off. prepared: settings for a webhook that has no URL yet.
CREATE TABLE escalation_config (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL UNIQUE REFERENCES organization (id) ON DELETE CASCADE,
  channel_id bigint REFERENCES notification_channel (id) ON DELETE SET NULL,
  cleared boolean NOT NULL DEFAULT false,
  prepared json NOT NULL DEFAULT '{}',
  last_tested_at timestamptz(3),
  last_test_status text,
  last_test_error text
);

CREATE INDEX escalation_config_channel ON escalation_config (channel_id) WHERE channel_id IS NOT NULL;

-- migrate: rollback

DROP TABLE escalation_config;
ALTER TABLE customer DROP COLUMN notification_rules;
ALTER TABLE organization DROP COLUMN default_notification_rules;
DROP INDEX customer_package;
DROP TRIGGER notify_change ON customer;
CREATE TRIGGER notify_change AFTER UPDATE ON customer FOR EACH ROW
  WHEN (OLD.allowed_check_country_codes IS DISTINCT FROM NEW.allowed_check_country_codes)
  EXECUTE FUNCTION notify_change();
DROP TABLE package;
