-- What the packages of customers say about reminders, between what is set for the organization and for the customer.
-- depends: 0056_package_effects

-- migrate: apply

CREATE VIEW package_reminders AS
SELECT customer.id AS customer_id, customer.organization_id, jsonb_strip_nulls(jsonb_build_object(
  'enabled', true,
  'firstMinutes', GREATEST(package.reminder_delay_minutes, 1),
  'maxMinutes', package.alert_reminder_interval
)) AS reminders
FROM customer JOIN package USING (organization_id, package_type)
WHERE package.reminder_delay_minutes IS NOT NULL OR package.alert_reminder_interval IS NOT NULL;

-- migrate: rollback

DROP VIEW package_reminders;
