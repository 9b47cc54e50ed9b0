-- Notes about a monitor, for people.
-- depends: 0026_whole_triggers

-- migrate: apply

ALTER TABLE monitor ADD COLUMN notes text;

-- migrate: rollback

ALTER TABLE monitor DROP COLUMN notes;
