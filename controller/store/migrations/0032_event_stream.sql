-- A sequence of events for each customer, events that are kept for replay, and when the stream was at which position.
-- depends: 0031_trials

-- migrate: apply

-- The number of the last event of a customer, or of an organization's own events; owner is the public id.
CREATE TABLE event_sequence (
  owner uuid PRIMARY KEY,
  last bigint NOT NULL
);

-- Given before the event is published first, so that it has the same number when it is published again.
ALTER TABLE event_outbox ADD COLUMN sequence bigint;

-- Published events, except results and gaps: those are in result and gap. The ids are public ids.
CREATE TABLE kept_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization uuid NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  subject text NOT NULL,
  body bytea NOT NULL
);

CREATE INDEX kept_event_organization ON kept_event (organization, at, id);
CREATE INDEX kept_event_at ON kept_event (at);

-- The last sequence of EVENTS at a moment. epoch names the stream, which may be created anew.
CREATE TABLE stream_mark (
  epoch text NOT NULL,
  sequence bigint NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (epoch, sequence)
);

CREATE INDEX stream_mark_at ON stream_mark (at);

-- migrate: rollback

DROP TABLE stream_mark;
DROP TABLE kept_event;
ALTER TABLE event_outbox DROP COLUMN sequence;
DROP TABLE event_sequence;
