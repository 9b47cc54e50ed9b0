-- Which locations a round asks and in what turn, the address a check goes to, rechecks, AlertSite's fields and defaults.
-- depends: 0001_first

-- migrate: apply

-- location_ids null: every location. home_location_id is always among those asked. ipv4 takes the place of a look-up of
-- the host name when resolve_dns is false. alertsite keeps the fields of that API that change nothing here.
ALTER TABLE monitor
  ADD COLUMN ipv4 text,
  ADD COLUMN resolve_dns boolean NOT NULL DEFAULT true,
  ADD COLUMN location_ids int[],
  ADD COLUMN home_location_id int,
  ADD COLUMN mode text,
  ADD COLUMN rotate_locations boolean NOT NULL DEFAULT false,
  ADD COLUMN locations_per_round int NOT NULL DEFAULT 1 CHECK (locations_per_round > 0),
  ADD COLUMN retry_on_failure boolean NOT NULL DEFAULT false,
  ADD COLUMN notify_on_error boolean NOT NULL DEFAULT true,
  ADD COLUMN alertsite json NOT NULL DEFAULT '{}';

-- A second look at what a round found: at these locations, or at all the monitor has when null. Removed when the broker
-- has its checks. It is left out when the round after the one at round_due_at is due first.
CREATE TABLE recheck (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id bigint NOT NULL,
  round_due_at timestamptz(3) NOT NULL,
  due_at timestamptz(3) NOT NULL,
  location_ids int[]
);

CREATE INDEX recheck_due_at ON recheck (due_at);

-- What a new monitor takes when its maker leaves it out, as far as the account changed it.
CREATE TABLE account_defaults (
  organization_id bigint PRIMARY KEY REFERENCES organization (id),
  changed json NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

-- migrate: rollback

DROP TABLE account_defaults, recheck;
ALTER TABLE monitor
  DROP COLUMN ipv4, DROP COLUMN resolve_dns, DROP COLUMN location_ids, DROP COLUMN home_location_id, DROP COLUMN mode,
  DROP COLUMN rotate_locations, DROP COLUMN locations_per_round, DROP COLUMN retry_on_failure,
  DROP COLUMN notify_on_error, DROP COLUMN alertsite;
