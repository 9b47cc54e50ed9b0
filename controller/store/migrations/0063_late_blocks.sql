-- Days of monitors of which checks that passed came after the day was put into blocks.
-- depends: 0062_retention_of_blocks

-- migrate: apply

CREATE TABLE fold_due (
  monitor_id bigint NOT NULL,
  day timestamptz(3) NOT NULL,
  noted_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (monitor_id, day)
);

-- migrate: rollback

DROP TABLE fold_due;
