-- Failures that opened no incident, so that it can be said why nobody was notified.
-- depends: 0010_names 0011_dashboard

-- migrate: apply

-- Failing evaluations of a monitor that follow each other closely are one row: when the first and the last one were due,
-- how many there were, and the one of them in which most locations failed. missing: what an incident would have needed.
-- ended_by: scheduled or recheck, the evaluation that passed again; incident, when an incident followed. Kept 8 days.
CREATE TABLE unconfirmed_failure (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id bigint NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
  first_at timestamptz(3) NOT NULL,
  last_at timestamptz(3) NOT NULL,
  evaluations int NOT NULL DEFAULT 1,
  failing int NOT NULL,
  reason text NOT NULL,
  missing text NOT NULL,
  evidence json NOT NULL,
  ended_at timestamptz(3),
  ended_by text
);

CREATE INDEX unconfirmed_failure_monitor ON unconfirmed_failure (monitor_id, last_at);
CREATE INDEX unconfirmed_failure_last_at ON unconfirmed_failure (last_at);

-- migrate: rollback

DROP TABLE unconfirmed_failure;
