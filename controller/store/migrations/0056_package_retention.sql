-- How long a package keeps results and roll-ups of its customers' monitors.
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

-- migrate: rollback

ALTER TABLE customer
  DROP COLUMN package_since, DROP COLUMN results_removed_until, DROP COLUMN rollups_removed_until;
ALTER TABLE package DROP COLUMN retention_since;
