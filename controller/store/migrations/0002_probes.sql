-- What probes and agents tell besides: a failed check's evidence, what the agent's clock was worth, what it cannot do.
-- depends: 0001_first

-- migrate: apply

ALTER TABLE result
  ADD COLUMN transcript json,
  ADD COLUMN loop_lag_ms real,
  ADD COLUMN kernel_rtt_ms real,
  ADD COLUMN login_withheld boolean NOT NULL DEFAULT false;

ALTER TABLE agent
  ADD COLUMN running int NOT NULL DEFAULT 0,
  ADD COLUMN waiting int NOT NULL DEFAULT 0,
  ADD COLUMN capacity int NOT NULL DEFAULT 0,
  ADD COLUMN loop_lag_ms real NOT NULL DEFAULT 0,
  ADD COLUMN unfit text[] NOT NULL DEFAULT '{}';

-- migrate: rollback

ALTER TABLE agent DROP COLUMN running, DROP COLUMN waiting, DROP COLUMN capacity, DROP COLUMN loop_lag_ms,
  DROP COLUMN unfit;
ALTER TABLE result DROP COLUMN transcript, DROP COLUMN loop_lag_ms, DROP COLUMN kernel_rtt_ms,
  DROP COLUMN login_withheld;
