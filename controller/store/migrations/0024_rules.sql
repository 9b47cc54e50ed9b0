-- The functions of rules, and until when a late result is evidence.
-- depends: 0023_sms_usage

-- migrate: apply

-- The SQL functions of rules (controller.store.platform.rules), which are made after the migrations.
CREATE TABLE rule_function (
  signature text PRIMARY KEY,
  definition text NOT NULL
);

-- Until this many seconds after its due moment a result is evidence; NULL: as its start and timeout allow.
ALTER TABLE monitor ADD COLUMN evaluation_deadline_seconds integer
  CHECK (evaluation_deadline_seconds BETWEEN 1 AND 3600);

-- migrate: rollback

ALTER TABLE monitor DROP COLUMN evaluation_deadline_seconds;
DO $$
DECLARE
  each text;
BEGIN
  FOR each IN SELECT signature FROM rule_function LOOP
    EXECUTE 'DROP FUNCTION IF EXISTS ' || each;
  END LOOP;
END $$;
DROP TABLE rule_function;
