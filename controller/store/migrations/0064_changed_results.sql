-- What changes in a day's partition of results while it is copied to give back the space of folded rows.
-- depends: 0063_late_blocks

-- migrate: apply

-- One day is copied at a time. No key: all results of the day were removed.
CREATE TABLE result_changed (
  monitor_id bigint,
  due_at timestamptz(3),
  location_id int,
  purpose check_purpose
);

CREATE FUNCTION note_changed_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO result_changed DEFAULT VALUES;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO result_changed VALUES (OLD.monitor_id, OLD.due_at, OLD.location_id, OLD.purpose);
  ELSE
    INSERT INTO result_changed VALUES (NEW.monitor_id, NEW.due_at, NEW.location_id, NEW.purpose);
  END IF;
  RETURN NULL;
END
$$;

-- migrate: rollback

DROP FUNCTION note_changed_result CASCADE;
DROP TABLE result_changed;
