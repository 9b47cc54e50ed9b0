-- What a check of one kind found beyond the fields that all results have.
-- depends: 0024_rules

-- migrate: apply

ALTER TABLE result ADD COLUMN detail json;

-- migrate: rollback

ALTER TABLE result DROP COLUMN detail;
