-- Acknowledgements whose end was announced, and calendar feeds of rotas.
-- depends: 0052_digests

-- migrate: apply

-- lapse_announced: the end of the present acknowledgement stands in the timeline, and is on the stream.
ALTER TABLE incident ADD COLUMN lapse_announced boolean NOT NULL DEFAULT false;

UPDATE incident SET lapse_announced = true WHERE resolved_at IS NULL AND acknowledged_until <= now();

CREATE INDEX incident_lapses ON incident (acknowledged_until)
  WHERE resolved_at IS NULL AND acknowledged_until IS NOT NULL AND NOT lapse_announced;

-- rota_id: whose shifts the feed shows; NULL: maintenance windows.
ALTER TABLE calendar_feed ADD COLUMN rota_id bigint REFERENCES rota (id) ON DELETE CASCADE;

CREATE INDEX calendar_feed_rota ON calendar_feed (rota_id) WHERE rota_id IS NOT NULL;

-- migrate: rollback

DELETE FROM calendar_feed WHERE rota_id IS NOT NULL;
ALTER TABLE calendar_feed DROP COLUMN rota_id;
DROP INDEX incident_lapses;
ALTER TABLE incident DROP COLUMN lapse_announced;
