-- Passing checks of past hours and days, folded: one row for a monitor, a location and an hour or a day.
-- depends: 0060_unpublished_results

-- migrate: apply

-- What checks of a monitor have in common, kept once by its hash. What a block keeps by check is NULL; of facts some of
-- which it keeps so, fact_parts are the JSON around them. used_until is the end of the newest block that refers to it.
CREATE TABLE result_shape (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id bigint NOT NULL,
  used_until timestamptz(3) NOT NULL,
  hash bytea NOT NULL,
  login_withheld boolean NOT NULL,
  agent text,
  address text,
  phases text[] NOT NULL,
  warnings json,
  facts json,
  fact_parts text[],
  detail json,
  UNIQUE (monitor_id, hash)
);

-- Checks that were due at first_at + n * interval_ms where bit n of ticks is set. Each has `stride` numbers in codes, as
-- controller.decisions.history.blocks says. shapes are ids of result_shape; with several, a check says which is its
-- (indexed). delayed: some were stored long after they ended. gaps are the milliseconds before each phase. varying
-- is what is kept by check, as controller.decisions.history.shapes says, each check having `varied` numbers for it.
CREATE TABLE result_block (
  monitor_id bigint NOT NULL,
  first_at timestamptz(3) NOT NULL,
  last_at timestamptz(3) NOT NULL,
  location_id int NOT NULL,
  interval_ms int NOT NULL CHECK (interval_ms > 0),
  stride smallint NOT NULL,
  checks smallint NOT NULL,
  varied smallint NOT NULL,
  indexed boolean NOT NULL,
  delayed boolean NOT NULL,
  ticks bit varying NOT NULL,
  shapes bigint[] NOT NULL,
  gaps real[] NOT NULL,
  varying text NOT NULL,
  codes smallint[] NOT NULL,
  PRIMARY KEY (monitor_id, last_at, first_at, location_id)
) PARTITION BY RANGE (last_at);

-- Blocks of a time are found by these, which reading the blocks of one monitor cannot use by mistake.
CREATE INDEX result_block_by_time ON result_block ((last_at AT TIME ZONE 'UTC'), first_at);
CREATE INDEX result_block_long_by_time ON result_block ((last_at AT TIME ZONE 'UTC'), first_at)
  WHERE last_at - first_at > interval '1 hour';

-- Which hours and days are folded: all before `at`, and of this one the monitors up to after_monitor. The partitions of
-- days before compacted_until hold no space of folded rows any more.
CREATE TABLE fold_progress (
  span_seconds int PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  after_monitor bigint NOT NULL DEFAULT 0,
  compacted_until timestamptz(3) NOT NULL
);

INSERT INTO fold_progress (span_seconds, at, compacted_until)
SELECT span_seconds, begun.at, begun.at
FROM unnest('{3600,86400}'::int[]) AS span (span_seconds)
CROSS JOIN (
  SELECT date_trunc('day', COALESCE((SELECT min(due_at) FROM result), now()), 'UTC') AS at
) AS begun;

-- NULL: a controller of an earlier version, which does not read blocks.
ALTER TABLE retention_setting ADD COLUMN blocks_days int;

ALTER TABLE retention ADD COLUMN blocks_removed_until timestamptz(3);
ALTER TABLE customer ADD COLUMN blocks_removed_until timestamptz(3);

-- migrate: rollback

ALTER TABLE customer DROP COLUMN blocks_removed_until;
ALTER TABLE retention DROP COLUMN blocks_removed_until;
ALTER TABLE retention_setting DROP COLUMN blocks_days;
DROP TABLE fold_progress, result_block, result_shape;
