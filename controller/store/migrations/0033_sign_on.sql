-- Single sign-on of organizations by OpenID Connect, and whom their providers have signed in.
-- depends: 0032_event_stream

-- migrate: apply

-- config holds what is secret, encrypted: clientSecret. roles is a list of {group, role, customers}, of which the first
-- that fits counts; customers are public ids, and null is no limit.
CREATE TABLE sign_on (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL UNIQUE REFERENCES organization (id) ON DELETE CASCADE,
  issuer text NOT NULL,
  client_id text NOT NULL,
  config json NOT NULL DEFAULT '{}',
  scopes text[] NOT NULL,
  groups_claim text NOT NULL,
  roles json NOT NULL,
  default_role text CHECK (default_role IN ('admin', 'user', 'editor', 'readonly', 'global_supporter', 'global_admin')),
  create_users boolean NOT NULL,
  allowed_email_domains text[],
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE INDEX sign_on_domains ON sign_on USING gin (allowed_email_domains);

-- Who a provider says that somebody is: its subject never changes, where an e-mail address may.
CREATE TABLE sign_on_identity (
  sign_on_id bigint NOT NULL REFERENCES sign_on (id) ON DELETE CASCADE,
  issuer text NOT NULL,
  subject text NOT NULL,
  account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (sign_on_id, issuer, subject),
  UNIQUE (account_id, issuer)
);

-- migrate: rollback

DROP TABLE sign_on_identity, sign_on;
