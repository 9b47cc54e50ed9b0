-- What the dashboard shows besides: when verdicts changed, the last dialogues that passed, people's sessions, login links.
-- depends: 0003_accounts 0010_names

-- migrate: apply

-- Kept 32 days. The verdict of a monitor at a moment is that of its latest change before.
CREATE TABLE verdict_change (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  at timestamptz(3) NOT NULL,
  verdict text NOT NULL,
  previous text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (monitor_id, at)
);

CREATE INDEX verdict_change_at ON verdict_change (at);

-- The newest check of each monitor and location that passed and has its dialogue, to compare a failed one with.
CREATE TABLE last_good (
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  location_id int NOT NULL REFERENCES location (id) ON DELETE CASCADE,
  due_at timestamptz(3) NOT NULL,
  purpose check_purpose NOT NULL,
  started_at timestamptz(3) NOT NULL,
  duration_ms real NOT NULL,
  agent text NOT NULL,
  address text,
  phases json NOT NULL,
  warnings json,
  facts json,
  transcript json NOT NULL,
  PRIMARY KEY (monitor_id, location_id)
);

-- What a person recognizes a session by: the browser and the address at login.
ALTER TABLE session
  ADD COLUMN public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  ADD COLUMN user_agent text,
  ADD COLUMN address text;

-- A code that logs its account in once, before it expires; of the code only the SHA-256 is kept.
CREATE TABLE login_code (
  code_hash bytea PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  expires_at timestamptz(3) NOT NULL
);

-- migrate: rollback

DROP TABLE login_code;
ALTER TABLE session DROP COLUMN address, DROP COLUMN user_agent, DROP COLUMN public_id;
DROP TABLE last_good, verdict_change;
