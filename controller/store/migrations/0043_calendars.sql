-- Calendars: which event of a file a maintenance window was made from, and addresses under which calendar programs read.
-- depends: 0040_maintenance_windows

-- migrate: apply

ALTER TABLE maintenance_window ADD COLUMN calendar_uid text;
CREATE INDEX maintenance_window_calendar ON maintenance_window (organization_id, calendar_uid);

-- The token is in the address of the feed. It reads what its account may see, and nothing once that account is gone.
CREATE TABLE calendar_feed (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3)
);

CREATE INDEX calendar_feed_account ON calendar_feed (account_id);
CREATE INDEX calendar_feed_organization ON calendar_feed (organization_id);

-- migrate: rollback

DROP TABLE calendar_feed;
DROP INDEX maintenance_window_calendar;
ALTER TABLE maintenance_window DROP COLUMN calendar_uid;
