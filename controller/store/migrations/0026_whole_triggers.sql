-- Two triggers leave it to their functions when there is something to do.
-- depends: 0025_details

-- migrate: apply

-- The functions are made anew after the migrations (controller.store.platform.rules), each with the whole rule.
DROP TRIGGER begin_maintenance_time ON monitor;
DROP TRIGGER change_maintenance_time ON monitor;
CREATE TRIGGER keep_maintenance_time AFTER INSERT OR UPDATE OF status ON monitor FOR EACH ROW
  EXECUTE FUNCTION keep_maintenance_time();

DROP TRIGGER redo_hours_of_outage ON incident_change;
CREATE TRIGGER redo_hours_of_outage AFTER INSERT ON incident_change FOR EACH ROW
  EXECUTE FUNCTION redo_hours_of_outage();

-- migrate: rollback

DELETE FROM rule_function WHERE signature IN ('keep_maintenance_time()', 'redo_hours_of_outage()');

CREATE OR REPLACE FUNCTION redo_hours_of_outage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup_due (monitor_id, hour)
  SELECT incident.monitor_id, hour
  FROM incident, generate_series(
    date_trunc('hour', GREATEST(incident.outage_started_at, now() - interval '29 days'), 'UTC'),
    date_trunc('hour', now(), 'UTC') - interval '1 hour', interval '1 hour'
  ) AS ended (hour)
  WHERE incident.id = NEW.incident_id AND NEW.severity = 'down';
  RETURN NULL;
END
$$;

DROP TRIGGER redo_hours_of_outage ON incident_change;
CREATE TRIGGER redo_hours_of_outage AFTER INSERT ON incident_change FOR EACH ROW
  WHEN (NEW.kind IN ('opened', 'escalated')) EXECUTE FUNCTION redo_hours_of_outage();

CREATE OR REPLACE FUNCTION keep_maintenance_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE maintenance_time SET to_at = clock_timestamp() WHERE monitor_id = NEW.id AND to_at IS NULL;
  IF NEW.status = 'maintenance' THEN
    INSERT INTO maintenance_time (monitor_id, from_at) VALUES (NEW.id, clock_timestamp())
    ON CONFLICT (monitor_id, from_at) DO UPDATE SET to_at = NULL;
  END IF;
  RETURN NULL;
END
$$;

DROP TRIGGER keep_maintenance_time ON monitor;
CREATE TRIGGER begin_maintenance_time AFTER INSERT ON monitor FOR EACH ROW WHEN (NEW.status = 'maintenance')
  EXECUTE FUNCTION keep_maintenance_time();
CREATE TRIGGER change_maintenance_time AFTER UPDATE OF status ON monitor FOR EACH ROW
  WHEN ((OLD.status = 'maintenance') <> (NEW.status = 'maintenance')) EXECUTE FUNCTION keep_maintenance_time();
