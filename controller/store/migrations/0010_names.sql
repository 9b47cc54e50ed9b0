-- Tables and columns get the words that code, metrics and documents use.
-- depends: 0002_probes 0003_accounts 0004_alertsite 0006_incidents 0007_history 0008_trust 0009_requests

-- migrate: apply

-- What evaluations remember of a monitor. stable: a passing result changes nothing.
ALTER TABLE standing RENAME TO monitor_state;
ALTER TABLE monitor_state RENAME COLUMN at_rest TO stable;
ALTER TABLE monitor_state RENAME CONSTRAINT standing_pkey TO monitor_state_pkey;
ALTER TABLE monitor_state RENAME CONSTRAINT standing_monitor_id_fkey TO monitor_state_monitor_id_fkey;

-- Evaluations that wait to be taken.
ALTER TABLE look RENAME TO evaluation;
ALTER TABLE evaluation RENAME CONSTRAINT look_pkey TO evaluation_pkey;
ALTER TABLE evaluation RENAME CONSTRAINT look_monitor_id_fkey TO evaluation_monitor_id_fkey;
ALTER INDEX look_check_at RENAME TO evaluation_check_at;

CREATE FUNCTION pg_temp.with_keys(state json, old text[], new text[]) RETURNS json LANGUAGE sql AS $$
  SELECT COALESCE(json_object_agg(COALESCE(new[array_position(old, pair.key)], pair.key), pair.value), '{}')
  FROM json_each(state) AS pair
$$;

UPDATE monitor_state SET state = pg_temp.with_keys(state,
  '{failingLooks,goodLooks,partlyLooks}', '{failingEvaluations,goodEvaluations,partlyEvaluations}')
WHERE state ->> 'failingLooks' IS NOT NULL OR state ->> 'goodLooks' IS NOT NULL OR state ->> 'partlyLooks' IS NOT NULL;

DROP FUNCTION pg_temp.with_keys(json, text[], text[]);

-- Messages that can never be stored as results, with the reason.
ALTER TABLE parked RENAME TO dead_letter;
ALTER TABLE dead_letter RENAME COLUMN parked_at TO put_aside_at;
ALTER TABLE dead_letter RENAME CONSTRAINT parked_pkey TO dead_letter_pkey;
ALTER SEQUENCE parked_id_seq RENAME TO dead_letter_id_seq;
ALTER TABLE parked_tally RENAME TO dead_letter_count;
ALTER TABLE dead_letter_count RENAME CONSTRAINT parked_tally_pkey TO dead_letter_count_pkey;
UPDATE dead_letter_count SET why = 'not_expected' WHERE why = 'nobody_asked';

-- What the operators were warned of and is not over.
ALTER TABLE ops_trouble RENAME TO ops_notice;
ALTER TABLE ops_notice RENAME COLUMN told_at TO warned_at;
ALTER TABLE ops_notice RENAME CONSTRAINT ops_trouble_pkey TO ops_notice_pkey;
UPDATE ops_notice SET kind = 'unexpected_results' WHERE kind = 'results_unasked';

ALTER TABLE mail_route RENAME COLUMN looked_up_at TO resolved_at;
ALTER TABLE probe_problem RENAME COLUMN looks TO evaluations;

-- Controllers follow changes of monitors and locations by LISTEN mailprobe_change.
ALTER FUNCTION tell_change() RENAME TO notify_change;
ALTER TRIGGER tell_change ON monitor RENAME TO notify_change;
ALTER TRIGGER tell_change ON location RENAME TO notify_change;
ALTER TRIGGER tell_change ON customer RENAME TO notify_change;
ALTER TRIGGER tell_change ON organization RENAME TO notify_change;

-- migrate: rollback

ALTER TRIGGER notify_change ON organization RENAME TO tell_change;
ALTER TRIGGER notify_change ON customer RENAME TO tell_change;
ALTER TRIGGER notify_change ON location RENAME TO tell_change;
ALTER TRIGGER notify_change ON monitor RENAME TO tell_change;
ALTER FUNCTION notify_change() RENAME TO tell_change;

ALTER TABLE probe_problem RENAME COLUMN evaluations TO looks;
ALTER TABLE mail_route RENAME COLUMN resolved_at TO looked_up_at;

UPDATE ops_notice SET kind = 'results_unasked' WHERE kind = 'unexpected_results';
ALTER TABLE ops_notice RENAME CONSTRAINT ops_notice_pkey TO ops_trouble_pkey;
ALTER TABLE ops_notice RENAME COLUMN warned_at TO told_at;
ALTER TABLE ops_notice RENAME TO ops_trouble;

UPDATE dead_letter_count SET why = 'nobody_asked' WHERE why = 'not_expected';
ALTER TABLE dead_letter_count RENAME CONSTRAINT dead_letter_count_pkey TO parked_tally_pkey;
ALTER TABLE dead_letter_count RENAME TO parked_tally;
ALTER SEQUENCE dead_letter_id_seq RENAME TO parked_id_seq;
ALTER TABLE dead_letter RENAME CONSTRAINT dead_letter_pkey TO parked_pkey;
ALTER TABLE dead_letter RENAME COLUMN put_aside_at TO parked_at;
ALTER TABLE dead_letter RENAME TO parked;

CREATE FUNCTION pg_temp.with_keys(state json, old text[], new text[]) RETURNS json LANGUAGE sql AS $$
  SELECT COALESCE(json_object_agg(COALESCE(new[array_position(old, pair.key)], pair.key), pair.value), '{}')
  FROM json_each(state) AS pair
$$;

UPDATE monitor_state SET state = pg_temp.with_keys(state,
  '{failingEvaluations,goodEvaluations,partlyEvaluations}', '{failingLooks,goodLooks,partlyLooks}');

DROP FUNCTION pg_temp.with_keys(json, text[], text[]);

ALTER INDEX evaluation_check_at RENAME TO look_check_at;
ALTER TABLE evaluation RENAME CONSTRAINT evaluation_monitor_id_fkey TO look_monitor_id_fkey;
ALTER TABLE evaluation RENAME CONSTRAINT evaluation_pkey TO look_pkey;
ALTER TABLE evaluation RENAME TO look;

ALTER TABLE monitor_state RENAME CONSTRAINT monitor_state_monitor_id_fkey TO standing_monitor_id_fkey;
ALTER TABLE monitor_state RENAME CONSTRAINT monitor_state_pkey TO standing_pkey;
ALTER TABLE monitor_state RENAME COLUMN stable TO at_rest;
ALTER TABLE monitor_state RENAME TO standing;
