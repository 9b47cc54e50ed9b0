-- Find the messages about a group, and the groups that a storm took over.
-- depends: 0052_digests

-- migrate: apply

CREATE INDEX delivery_of_group ON delivery (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX incident_group_merged ON incident_group (merged_into) WHERE merged_into IS NOT NULL;

-- migrate: rollback

DROP INDEX delivery_of_group, incident_group_merged;
