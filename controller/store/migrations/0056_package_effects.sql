-- How long a package keeps results and roll-ups of its customers' monitors, and which windows are for these.
-- depends: 0052_digests

-- migrate: apply

-- retention_since, package_since: when data_retention_months, or the package of a customer, was set. What is kept less
-- long goes only some time after both, so that a mistake can be taken back.
ALTER TABLE package ADD COLUMN retention_since timestamptz(3) NOT NULL DEFAULT clock_timestamp();

-- …_removed_until: before which moment a customer's results or roll-ups were removed; NULL: never.
ALTER TABLE customer
  ADD COLUMN package_since timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN results_removed_until timestamptz(3),
  ADD COLUMN rollups_removed_until timestamptz(3);

-- Windows of the organization or of labels are not for customers whose package has no maintenance windows.
CREATE OR REPLACE VIEW maintained_monitor AS
SELECT maintenance_window.id AS window_id, monitor.id AS monitor_id
FROM maintenance_window JOIN monitor ON monitor.organization_id = maintenance_window.organization_id
WHERE whole_organization AND (maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id)
  AND NOT EXISTS (
    SELECT FROM customer JOIN package USING (organization_id, package_type)
    WHERE customer.id = monitor.customer_id AND NOT enable_maintenance_windows
  )
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.id = maintenance_target.monitor_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.customer_id = maintenance_target.customer_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.organization_id = maintenance_window.organization_id AND monitor.labels ? label_key
  AND (label_value IS NULL OR monitor.labels ->> label_key = label_value)
WHERE (maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id)
  AND NOT EXISTS (
    SELECT FROM customer JOIN package USING (organization_id, package_type)
    WHERE customer.id = monitor.customer_id AND NOT enable_maintenance_windows
  );

-- migrate: rollback

CREATE OR REPLACE VIEW maintained_monitor AS
SELECT maintenance_window.id AS window_id, monitor.id AS monitor_id
FROM maintenance_window JOIN monitor ON monitor.organization_id = maintenance_window.organization_id
WHERE whole_organization AND (maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id)
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.id = maintenance_target.monitor_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.customer_id = maintenance_target.customer_id
  AND monitor.organization_id = maintenance_window.organization_id
WHERE maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id
UNION ALL
SELECT window_id, monitor.id
FROM maintenance_target JOIN maintenance_window ON maintenance_window.id = window_id
JOIN monitor ON monitor.organization_id = maintenance_window.organization_id AND monitor.labels ? label_key
  AND (label_value IS NULL OR monitor.labels ->> label_key = label_value)
WHERE (maintenance_window.customer_id IS NULL OR maintenance_window.customer_id = monitor.customer_id);

ALTER TABLE customer
  DROP COLUMN package_since, DROP COLUMN results_removed_until, DROP COLUMN rollups_removed_until;
ALTER TABLE package DROP COLUMN retention_since;
