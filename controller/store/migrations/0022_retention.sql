-- How long results and roll-ups are kept: by the installation, and by organizations that keep less.
-- depends: 0021_chosen_passwords

-- migrate: apply

-- organization_id is NULL in the one row of the installation. A time that is NULL is the installation's. Until
-- takes_effect_at, times that were shortened hold on as they were (before_...). What an organization no longer keeps was
-- removed up to results_removed_until and rollups_removed_until.
CREATE TABLE retention (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint UNIQUE REFERENCES organization (id) ON DELETE CASCADE,
  results_days int CHECK (results_days > 0),
  rollups_months int CHECK (rollups_months > 0),
  before_results_days int,
  before_rollups_months int,
  takes_effect_at timestamptz(3),
  results_removed_until timestamptz(3),
  rollups_removed_until timestamptz(3)
);

CREATE UNIQUE INDEX retention_installation ON retention ((true)) WHERE organization_id IS NULL;

INSERT INTO retention (results_days, rollups_months) VALUES (30, 24);

-- What each running controller is set to; the longest times hold.
CREATE TABLE retention_setting (
  controller text PRIMARY KEY,
  results_days int NOT NULL,
  rollups_months int NOT NULL,
  seen_at timestamptz(3) NOT NULL DEFAULT now()
);

-- migrate: rollback

DROP TABLE retention_setting, retention;
