-- Labels of monitors, and the keys by which programs know the monitors that they manage.
-- depends: 0027_notes

-- migrate: apply

ALTER TABLE monitor
  ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN project text,
  ADD COLUMN external_key text,
  ADD CONSTRAINT monitor_key_in_project CHECK ((project IS NULL) = (external_key IS NULL));

CREATE INDEX monitor_labels ON monitor USING gin (labels jsonb_path_ops) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX monitor_by_external_key ON monitor (organization_id, project, external_key)
  WHERE deleted_at IS NULL;

-- migrate: rollback

DROP INDEX monitor_by_external_key;
DROP INDEX monitor_labels;
ALTER TABLE monitor
  DROP CONSTRAINT monitor_key_in_project,
  DROP COLUMN labels,
  DROP COLUMN project,
  DROP COLUMN external_key;
