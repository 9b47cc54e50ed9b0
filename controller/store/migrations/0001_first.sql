-- The main job: who owns monitors, where checks run, what they found, what is missing.
-- depends:

-- migrate: apply

CREATE TABLE organization (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL,
  allowed_check_country_codes text[],
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE customer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id),
  name text NOT NULL,
  allowed_check_country_codes text[],
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX customer_organization ON customer (organization_id);

-- A person who can log in. The password is an Argon2id hash.
CREATE TABLE account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id),
  email text NOT NULL,
  role text NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX account_email ON account (lower(email));

-- token_hash is the SHA-256 of the token; hint is its beginning, to recognise it by.
CREATE TABLE api_token (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id),
  customer_id bigint REFERENCES customer (id),
  name text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  expires_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE location (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9-]+$'),
  name text NOT NULL,
  country_code text NOT NULL CHECK (country_code ~ '^[A-Z]{2}$'),
  enabled boolean NOT NULL DEFAULT true,
  public_key text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

-- The latest heartbeat of each agent, so that a controller that starts knows who was there a moment ago.
CREATE TABLE agent (
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  name text NOT NULL,
  kinds text[] NOT NULL,
  version text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  PRIMARY KEY (location_id, name)
);

-- All kinds of monitor share one sequence of numbers. config keeps the text the user sent (json, not jsonb: the order
-- of its keys is theirs), its secrets encrypted in place. A deleted monitor stays until its history is removed.
CREATE TABLE monitor (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id),
  customer_id bigint NOT NULL REFERENCES customer (id),
  kind text NOT NULL,
  name text NOT NULL,
  hostname text NOT NULL,
  port int CHECK (port BETWEEN 1 AND 65535),
  status text NOT NULL CHECK (status IN ('active', 'maintenance', 'disabled')),
  interval_seconds int NOT NULL CHECK (interval_seconds > 0),
  timeout_seconds int NOT NULL CHECK (timeout_seconds > 0),
  allowed_check_country_codes text[],
  config json NOT NULL,
  notification_email text,
  notification_phone_number text,
  target_changed_at timestamptz(3) NOT NULL DEFAULT now(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  deleted_at timestamptz(3)
);

CREATE INDEX monitor_organization ON monitor (organization_id, id) WHERE deleted_at IS NULL;
CREATE INDEX monitor_customer ON monitor (customer_id);

CREATE TYPE check_purpose AS ENUM ('scheduled', 'triggered', 'recheck');
CREATE TYPE check_status AS ENUM ('success', 'failure', 'unknown');

-- The key is the identity of a check: it makes a second copy of a result harmless, and it is the order readers want.
CREATE TABLE result (
  monitor_id bigint NOT NULL,
  due_at timestamptz(3) NOT NULL,
  location_id int NOT NULL,
  purpose check_purpose NOT NULL,
  status check_status NOT NULL,
  duration_ms real NOT NULL,
  started_at timestamptz(3) NOT NULL,
  stored_at timestamptz(3) NOT NULL DEFAULT now(),
  agent text NOT NULL,
  address text,
  failure json,
  phases json NOT NULL,
  warnings json,
  facts json,
  PRIMARY KEY (monitor_id, due_at, location_id, purpose)
) PARTITION BY RANGE (due_at);

-- A check that has no result: recorded when nothing can come any more, removed when it comes after all. A range
-- (from_at < to_at) stands for all rounds due in it.
CREATE TABLE gap (
  monitor_id bigint NOT NULL,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3) NOT NULL,
  location_id int NOT NULL,
  purpose check_purpose NOT NULL,
  reason text NOT NULL,
  recorded_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (monitor_id, from_at, location_id, purpose)
) PARTITION BY RANGE (from_at);

-- The latest finished check of each monitor and location; checked_at is that of the latest that was not blind.
CREATE TABLE latest (
  monitor_id bigint NOT NULL,
  location_id int NOT NULL,
  due_at timestamptz(3) NOT NULL,
  status check_status NOT NULL,
  failure_kind text,
  duration_ms real NOT NULL,
  checked_at timestamptz(3),
  PRIMARY KEY (monitor_id, location_id)
) WITH (fillfactor = 70);

-- How far the broker has everything that was due (watermark), how far rounds are planned (planned_until), and who does
-- it: the holder of the advisory lock, whose statements carry its epoch.
CREATE TABLE schedule (
  shard int PRIMARY KEY,
  watermark timestamptz(3) NOT NULL,
  planned_until timestamptz(3) NOT NULL,
  epoch bigint NOT NULL DEFAULT 0,
  leader text,
  leader_backend int,
  beat_at timestamptz(3) NOT NULL DEFAULT now()
);

INSERT INTO schedule (shard, watermark, planned_until) VALUES (0, now(), now());

-- Checks of planned rounds, in batches, written before they are published; settled (each has a result, or becomes a gap
-- with this reason) and removed after settle_at.
CREATE TABLE dispatch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  settle_at timestamptz(3) NOT NULL,
  monitor_ids bigint[] NOT NULL,
  due_ats timestamptz(3)[] NOT NULL,
  location_ids int[] NOT NULL,
  purpose check_purpose NOT NULL,
  reason text NOT NULL
);

CREATE INDEX dispatch_settle_at ON dispatch (settle_at);

-- Results that could not be stored, with the reason, for somebody to look at.
CREATE TABLE parked (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parked_at timestamptz(3) NOT NULL DEFAULT now(),
  subject text NOT NULL,
  reason text NOT NULL,
  body bytea NOT NULL
);

-- Controllers follow changes of monitors and locations by LISTEN mailprobe_change.
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('mailprobe_change', TG_TABLE_NAME || ':' || COALESCE(NEW.id, OLD.id));
  RETURN NULL;
END
$$;

CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON monitor FOR EACH ROW EXECUTE FUNCTION tell_change();
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON location FOR EACH ROW EXECUTE FUNCTION tell_change();
CREATE TRIGGER tell_change AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION tell_change();
CREATE TRIGGER tell_change AFTER UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION tell_change();

-- migrate: rollback

DROP TABLE parked, dispatch, schedule, latest, gap, result, monitor, agent, location, api_token, account, customer,
  organization;
DROP FUNCTION tell_change;
DROP TYPE check_purpose, check_status;
