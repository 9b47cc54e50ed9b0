-- What each location sees of a server: facts with their first and last sight, what differs, and what changed.
-- depends: 0037_screens

-- migrate: apply

-- The facts of a location's newest check that found any, as a hash, and when it was due.
ALTER TABLE latest ADD COLUMN facts_digest bigint, ADD COLUMN facts_at timestamptz(3);

-- Locations that see other facts than before, which they saw last at seen_at; stored with the result, until compared.
CREATE TABLE changed_facts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id bigint NOT NULL,
  location_id int NOT NULL,
  seen_at timestamptz(3)
);

-- What is remembered between comparisons; check_at is when the next one is due, NULL while nothing changes.
CREATE TABLE comparison (
  monitor_id bigint PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
  state json NOT NULL,
  check_at timestamptz(3)
);

CREATE INDEX comparison_check_at ON comparison (check_at);

-- A value that holds was seen last by the location's newest check with facts (latest.facts_at), any other at last_at.
CREATE TABLE server_fact (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  name text NOT NULL,
  value text NOT NULL,
  address text,
  first_at timestamptz(3) NOT NULL,
  last_at timestamptz(3) NOT NULL,
  holds boolean NOT NULL,
  PRIMARY KEY (monitor_id, location_id, name, value)
);

CREATE INDEX server_fact_location ON server_fact (location_id, name) WHERE holds;
CREATE INDEX server_fact_last_at ON server_fact (last_at) WHERE NOT holds;

-- What differs at one location; confirmed from confirmed_at on, and said to the monitor's customer or not.
CREATE TABLE suspicion (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  kind text NOT NULL,
  address text NOT NULL,
  detail text NOT NULL,
  since_at timestamptz(3) NOT NULL,
  confirmed_at timestamptz(3),
  said boolean NOT NULL,
  PRIMARY KEY (monitor_id, location_id, kind)
);

CREATE INDEX suspicion_location ON suspicion (location_id);

-- Locations whose own network takes STARTTLS away.
CREATE TABLE intercepted_location (
  location_id int PRIMARY KEY REFERENCES location (id) ON DELETE CASCADE,
  since_at timestamptz(3) NOT NULL DEFAULT now()
);

-- The feed: a fact that changed, or a finding that began or ended. Locations are codes, in the order of countries.
CREATE TABLE fact_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  customer_id bigint NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  at timestamptz(3) NOT NULL,
  change text NOT NULL CHECK (change IN ('changed', 'began', 'ended')),
  fact text,
  finding text,
  before text,
  after text,
  locations text[] NOT NULL,
  countries text[] NOT NULL,
  CHECK ((fact IS NULL) <> (finding IS NULL))
);

CREATE INDEX fact_change_organization ON fact_change (organization_id, id DESC);
CREATE INDEX fact_change_monitor ON fact_change (monitor_id, id DESC);
CREATE INDEX fact_change_at ON fact_change (at);

-- The kinds of changes that a channel is notified of.
ALTER TABLE notification_channel ADD COLUMN fact_changes text[] NOT NULL DEFAULT '{}';

-- migrate: rollback

ALTER TABLE notification_channel DROP COLUMN fact_changes;
DROP TABLE fact_change, intercepted_location, suspicion, server_fact, comparison, changed_facts;
ALTER TABLE latest DROP COLUMN facts_digest, DROP COLUMN facts_at;
