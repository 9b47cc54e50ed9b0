-- Who may log in to the broker: keys of locations, old and new, and subscribers; locations that were removed.
-- depends: 0006_incidents

-- migrate: apply

-- A removed location stays for the history that names it, and for its keys, which stay refused. nats_url is what was
-- given for its enrolment files; NULL is where the controller itself finds the broker.
ALTER TABLE location
  ADD COLUMN nats_url text,
  ADD COLUMN removed_at timestamptz(3),
  ADD CONSTRAINT location_removed_is_disabled CHECK (removed_at IS NULL OR NOT enabled);

-- Keys a location was given; ends_at is when older ones end. The newest sealing key is also in location.public_key.
-- They are here before a file with them exists, at first of no location, which is refused like ended ones. None that
-- was in a file is ever deleted: the broker refuses whoever has it only as long as it is told of it.
CREATE TABLE location_key (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  location_id int REFERENCES location (id),
  sealing_key text NOT NULL,
  nats_user text NOT NULL UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  ends_at timestamptz(3)
);

CREATE INDEX location_key_location ON location_key (location_id, id);

-- A reader of the events of an organization, or of one of its customers, with a consumer of its own.
CREATE TABLE subscriber (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES organization (id),
  customer_id bigint REFERENCES customer (id),
  name text NOT NULL,
  consumer text NOT NULL UNIQUE,
  nats_user text NOT NULL UNIQUE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3)
);

-- migrate: rollback

DROP TABLE subscriber, location_key;
ALTER TABLE location DROP COLUMN removed_at, DROP COLUMN nats_url;
