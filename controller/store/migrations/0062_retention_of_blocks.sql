-- How long the installation keeps blocks, with the same notice of a shorter time as of results and roll-ups.
-- depends: 0061_blocks

-- migrate: apply

-- Only the row of the installation has these: how long an organization keeps results bounds its blocks, too.
ALTER TABLE retention ADD COLUMN blocks_days int CHECK (blocks_days > 0), ADD COLUMN before_blocks_days int;

UPDATE retention SET blocks_days = COALESCE((SELECT max(blocks_days) FROM retention_setting), 400)
WHERE organization_id IS NULL;

-- migrate: rollback

ALTER TABLE retention DROP COLUMN before_blocks_days, DROP COLUMN blocks_days;
