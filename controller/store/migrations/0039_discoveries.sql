-- Discoveries: servers that may be meant by an address that somebody typed; and which server a trial connects to.
-- depends: 0038_server_facts

-- migrate: apply

-- Unlogged as trials are: it is kept for ten minutes. found is JSON: the candidates, and where they come from.
CREATE UNLOGGED TABLE discovery (
  id uuid PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  token_id bigint,
  account_id bigint,
  address text NOT NULL,
  found bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX discovery_organization ON discovery (organization_id);
CREATE INDEX discovery_expires ON discovery (expires_at);

-- JSON of host, port and encryption, without a login; NULL where a kind has not exactly one server.
ALTER TABLE trial ADD COLUMN server bytea;

-- migrate: rollback

ALTER TABLE trial DROP COLUMN server;
DROP TABLE discovery;
