-- Screens on walls: tokens that read one view and nothing else.
-- depends: 0036_saved_filters

-- migrate: apply

-- view is what the wall shows (model.walls.WallQuery). customer_ids are the customers that the screen is limited to; NULL
-- is no limit. A revoked token stays, so that its screen can say why it shows nothing.
CREATE TABLE screen_token (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name text NOT NULL,
  view jsonb NOT NULL,
  customer_ids bigint[],
  token_hash bytea NOT NULL UNIQUE,
  made_by bigint REFERENCES account (id) ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3),
  last_used_address text,
  revoked_at timestamptz(3)
);

CREATE INDEX screen_token_organization ON screen_token (organization_id);
CREATE INDEX screen_token_made_by ON screen_token (made_by);

-- migrate: rollback

DROP TABLE screen_token;
