-- What several locations say together: policies, standings, looks to judge, incidents, and what is told of them.
-- depends: 0001_first 0005_rollups

-- migrate: apply

ALTER TABLE organization ADD COLUMN policy json, ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
ALTER TABLE customer ADD COLUMN policy json;
ALTER TABLE monitor ADD COLUMN policy json;

-- What the judge remembers of a monitor (controller.decisions.incident.Standing). at_rest: a passing result changes
-- nothing. blind_ids: the locations that were blind in the look taken last; that they still are is nothing new. No row:
-- never judged.
CREATE TABLE standing (
  monitor_id bigint PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
  state json NOT NULL,
  verdict text NOT NULL,
  at_rest boolean NOT NULL,
  blind_ids int[] NOT NULL DEFAULT '{}',
  updated_at timestamptz(3) NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

-- Looks that must be judged: a round's or a recheck's. Votes may still come until ripe_at; check_at is when to look at
-- it next.
CREATE TABLE look (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  due_at timestamptz(3) NOT NULL,
  purpose check_purpose NOT NULL,
  ripe_at timestamptz(3) NOT NULL,
  check_at timestamptz(3) NOT NULL,
  PRIMARY KEY (monitor_id, due_at, purpose)
);

CREATE INDEX look_check_at ON look (check_at);

-- Local retries: the recheck due at due_at is a location's second try of its check in the round due at round_due_at, and
-- no look by itself.
CREATE TABLE retry (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  due_at timestamptz(3) NOT NULL,
  location_id int NOT NULL,
  round_due_at timestamptz(3) NOT NULL,
  PRIMARY KEY (monitor_id, due_at, location_id)
);

CREATE INDEX retry_round ON retry (monitor_id, round_due_at);
CREATE INDEX retry_due_at ON retry (due_at);

-- A confirmed outage. started_at is its confirmation, outage_started_at the first failing round. severity is the present
-- one (partial, down); type the category as Uptimeify's clients know it. evidence: the votes that opened it, with
-- their check ids.
CREATE TABLE incident (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id),
  customer_id bigint NOT NULL REFERENCES customer (id),
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  type text NOT NULL DEFAULT 'downtime',
  severity text NOT NULL CHECK (severity IN ('partial', 'down')),
  reason text NOT NULL,
  failure json,
  evidence json NOT NULL,
  outage_started_at timestamptz(3) NOT NULL,
  started_at timestamptz(3) NOT NULL,
  acknowledged_at timestamptz(3),
  resolved_at timestamptz(3),
  flapping boolean NOT NULL DEFAULT false,
  last_notified_at timestamptz(3)
);

CREATE UNIQUE INDEX incident_open ON incident (monitor_id) WHERE resolved_at IS NULL;
CREATE INDEX incident_monitor ON incident (monitor_id, started_at);
CREATE INDEX incident_organization ON incident (organization_id, started_at);

-- The timeline. kind: opened, escalated, eased, flapping, acknowledged, commented, resolved. done_by: the person or token
-- that did it, by name; account_id: the person.
CREATE TABLE incident_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id bigint NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
  kind text NOT NULL,
  severity text NOT NULL,
  reason text NOT NULL,
  evidence json,
  account_id bigint REFERENCES account (id) ON DELETE SET NULL,
  done_by text,
  at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX incident_change_incident ON incident_change (incident_id, id);

-- Where people are told. At most one of customer_id and monitor_id; neither: the whole organization. config holds what
-- may be shown, secrets are encrypted in place (controller.vault).
CREATE TABLE notification_channel (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id),
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  monitor_id bigint REFERENCES monitor (id) ON DELETE CASCADE,
  type text NOT NULL,
  category text NOT NULL DEFAULT 'direct',
  name text NOT NULL,
  config json NOT NULL,
  priority int NOT NULL DEFAULT 1,
  delay_seconds int NOT NULL DEFAULT 0,
  conditions json,
  is_active boolean NOT NULL DEFAULT true,
  allowed_package_types text[],
  for_ops boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX notification_channel_organization ON notification_channel (organization_id);

-- One notice to one receiver: a change of an incident, or (change_id null) something for ops. channel_id null: the
-- monitor's or customer's own address (type email, sms); otherwise a channel, which may be deleted since, and its name
-- at that time. state: waiting, sent, failed (for good), skipped (with why). delayed: it was to wait from the beginning,
-- and is not sent when the outage ends before.
-- Claimed by a conditional update of claimed_until; key is the delivery key a receiver may know a repeat by.
CREATE TABLE delivery (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id),
  incident_id bigint REFERENCES incident (id) ON DELETE CASCADE,
  change_id bigint REFERENCES incident_change (id) ON DELETE CASCADE,
  channel_id bigint,
  channel_name text,
  type text NOT NULL,
  receiver text NOT NULL,
  notice json NOT NULL,
  state text NOT NULL DEFAULT 'waiting',
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz(3) NOT NULL DEFAULT now(),
  delayed boolean NOT NULL DEFAULT false,
  claimed_until timestamptz(3),
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  sent_at timestamptz(3)
);

CREATE UNIQUE INDEX delivery_once ON delivery (change_id, COALESCE(channel_id, 0), type, receiver)
  WHERE change_id IS NOT NULL;

CREATE INDEX delivery_waiting ON delivery (next_at) WHERE state = 'waiting';
CREATE INDEX delivery_incident ON delivery (incident_id);

-- Each attempt, as alert-history shows it.
CREATE TABLE delivery_attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery_id bigint NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  at timestamptz(3) NOT NULL DEFAULT now(),
  error text
);

CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id);

-- Which hosts take the mail of a domain that alerts are sent to, as looked up last: its mail exchangers with their
-- addresses, and the domain itself.
CREATE TABLE mail_route (
  domain text PRIMARY KEY,
  hosts text[] NOT NULL,
  looked_up_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX monitor_login_domain ON monitor (
  organization_id, lower(split_part(coalesce(config -> 'auth' ->> 'user', config ->> 'user'), '@', 2))
) WHERE deleted_at IS NULL;

-- What ops were told of and is not over: kind location_silent or clock_off, and of what (a location's code, an agent's
-- name behind it). The row is there once however many controllers see the same.
CREATE TABLE ops_trouble (
  kind text NOT NULL,
  subject text NOT NULL,
  number uuid NOT NULL,
  since timestamptz(3) NOT NULL,
  told_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, subject)
);

-- Events that were decided in a transaction and must reach EVENTS once: published with message_id, then removed.
CREATE TABLE event_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL,
  subject text NOT NULL,
  body bytea NOT NULL
);

-- How far an agent's clock is ahead of the broker's, as its latest heartbeat told; null: not known.
ALTER TABLE agent ADD COLUMN clock_offset_ms double precision;

-- Where a server dislikes one of our locations while others pass: a run of such looks, until none for some hours.
CREATE TABLE probe_problem (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  kind text NOT NULL,
  detail text NOT NULL,
  first_at timestamptz(3) NOT NULL,
  last_at timestamptz(3) NOT NULL,
  looks int NOT NULL DEFAULT 1,
  PRIMARY KEY (monitor_id, location_id)
);

CREATE INDEX probe_problem_last_at ON probe_problem (last_at);

-- When a location could not see: its missing checks of one reason (a gap's, or whose fault a check was: agent,
-- resolver), from the first one's due moment to when the last one's monitor was due anew.
CREATE TABLE blind_period (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  reason text NOT NULL,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3) NOT NULL,
  checks bigint NOT NULL
);

CREATE INDEX blind_period_location ON blind_period (location_id, to_at);

-- An outage that is confirmed only in a later hour was down in the hours before, too: those are rolled up anew.
CREATE FUNCTION redo_hours_of_outage() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER redo_hours_of_outage AFTER INSERT ON incident_change FOR EACH ROW
  WHEN (NEW.kind IN ('opened', 'escalated')) EXECUTE FUNCTION redo_hours_of_outage();

-- migrate: rollback

DROP TABLE blind_period, probe_problem;
ALTER TABLE agent DROP COLUMN clock_offset_ms;
DROP INDEX monitor_login_domain;
DROP TABLE ops_trouble, mail_route, event_outbox, delivery_attempt, delivery, notification_channel, incident_change,
  incident, retry, look, standing;
DROP FUNCTION redo_hours_of_outage;
ALTER TABLE monitor DROP COLUMN policy;
ALTER TABLE customer DROP COLUMN policy;
ALTER TABLE organization DROP COLUMN policy, DROP COLUMN time_zone;
