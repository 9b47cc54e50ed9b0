-- What came as results and was put aside, and what it takes to see quickly whether a result was asked for.
-- depends: 0001_first

-- migrate: apply

-- By location, reason and hour: a flood costs a row an hour.
CREATE TABLE parked_tally (
  hour timestamptz(3) NOT NULL,
  subject text NOT NULL,
  why text NOT NULL,
  messages bigint NOT NULL,
  last_at timestamptz(3) NOT NULL,
  PRIMARY KEY (hour, subject, why)
);

-- All due moments of a row are within that second; of a row that another version wrote, they are any.
ALTER TABLE dispatch ADD COLUMN due_second timestamptz(3) NOT NULL DEFAULT '-infinity';

CREATE INDEX dispatch_due_second ON dispatch (due_second);

-- Ranges are few among gaps.
CREATE INDEX gap_ranges ON gap (monitor_id, location_id, from_at) WHERE to_at > from_at;

-- migrate: rollback

DROP INDEX gap_ranges;
ALTER TABLE dispatch DROP COLUMN due_second;
DROP TABLE parked_tally;
