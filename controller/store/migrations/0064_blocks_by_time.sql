-- Blocks of a time are found by these indexes, which reading the blocks of one monitor cannot use by mistake.
-- depends: 0061_blocks

-- migrate: apply

DROP INDEX result_block_last_at;
CREATE INDEX result_block_by_time ON result_block ((last_at AT TIME ZONE 'UTC'), first_at);
CREATE INDEX result_block_long_by_time ON result_block ((last_at AT TIME ZONE 'UTC'), first_at)
  WHERE last_at - first_at > interval '1 hour';

-- migrate: rollback

DROP INDEX result_block_long_by_time, result_block_by_time;
CREATE INDEX result_block_last_at ON result_block (last_at);
