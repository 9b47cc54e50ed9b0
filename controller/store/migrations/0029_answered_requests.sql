-- Requests with an Idempotency-Key, and their answers, which are encrypted, because they may hold secrets.
-- depends: 0028_labels_and_keys

-- migrate: apply

CREATE TABLE answered_request (
  caller text NOT NULL,
  key text NOT NULL,
  request bytea NOT NULL,
  answer text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, key)
);

CREATE INDEX answered_request_by_age ON answered_request (created_at);

-- migrate: rollback

DROP TABLE answered_request;
