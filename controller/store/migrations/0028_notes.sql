-- Notes about a monitor, for people.
-- depends: 0024_rules

-- migrate: apply

ALTER TABLE monitor ADD COLUMN notes text;

-- migrate: rollback

ALTER TABLE monitor DROP COLUMN notes;
