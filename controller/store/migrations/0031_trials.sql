-- Trials: checks of settings that no monitor has, and what they found out.
-- depends: 0030_tokens_and_channels

-- migrate: apply

-- Unlogged: a crash may lose what is kept for ten minutes.
CREATE UNLOGGED TABLE trial (
  id uuid PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  token_id bigint,
  account_id bigint,
  kind text NOT NULL,
  timeout_seconds int NOT NULL,
  due_at timestamptz(3) NOT NULL,
  answer_by timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX trial_organization ON trial (organization_id);
CREATE INDEX trial_expires ON trial (expires_at);

-- The check of one country: the location that runs it, or the reason why none can. result is the JSON of the wire, as
-- bytes because it may hold what no text of PostgreSQL can.
CREATE UNLOGGED TABLE trial_check (
  trial_id uuid NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
  country_code text NOT NULL CHECK (country_code ~ '^[A-Z]{2}$'),
  location_id int REFERENCES location (id) ON DELETE CASCADE,
  reason text,
  result bytea,
  PRIMARY KEY (trial_id, country_code),
  CHECK ((location_id IS NULL) <> (reason IS NULL))
);

-- migrate: rollback

DROP TABLE trial_check, trial;
