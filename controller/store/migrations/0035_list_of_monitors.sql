-- The order in which lists of our own API show monitors.
-- depends: 0034_properties_as_labels

-- migrate: apply

CREATE INDEX monitor_by_name ON monitor (organization_id, lower(name), id) WHERE deleted_at IS NULL;

-- migrate: rollback

DROP INDEX monitor_by_name;
