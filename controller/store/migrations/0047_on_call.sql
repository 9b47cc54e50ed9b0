-- Reminders of what nobody has taken, escalation to others, and rotas that say who is on call.
-- depends: 0046_acknowledging

-- migrate: apply

-- reminders: {"enabled", "firstMinutes", "maxMinutes"}; what is missing has its default, or in a customer's is the
-- organization's.
ALTER TABLE organization ADD COLUMN reminders json;
ALTER TABLE customer ADD COLUMN reminders json;

-- on_call_at: when somebody may have to be reminded of an incident, or told by a step; NULL: never, as far as is known.
ALTER TABLE incident ADD COLUMN on_call_at timestamptz(3) DEFAULT now();

CREATE INDEX incident_on_call ON incident (on_call_at) WHERE resolved_at IS NULL AND on_call_at IS NOT NULL;

-- Who is on call, from a calendar. config: its URL, encrypted. events: of the last calendar that could be read. skipped: its entries
-- that are not taken, with the reasons. failing_since: no calendar could be read since; warned_at: when its organization
-- was told so.
CREATE TABLE rota (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name text NOT NULL,
  config json NOT NULL DEFAULT '{}',
  host text,
  events json NOT NULL DEFAULT '[]',
  skipped json NOT NULL DEFAULT '[]',
  fetched_at timestamptz(3),
  fetch_at timestamptz(3),
  failing_since timestamptz(3),
  problem text,
  warned_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX rota_name ON rota (organization_id, lower(name));
CREATE INDEX rota_fetch ON rota (fetch_at) WHERE fetch_at IS NOT NULL;

-- Somebody who is on call instead of whom the calendar says: a person or a channel.
CREATE TABLE rota_override (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  rota_id bigint NOT NULL REFERENCES rota (id) ON DELETE CASCADE,
  from_at timestamptz(3) NOT NULL,
  to_at timestamptz(3) NOT NULL,
  account_id bigint REFERENCES account (id) ON DELETE CASCADE,
  channel_id bigint REFERENCES notification_channel (id) ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CHECK (from_at < to_at),
  CHECK (num_nonnulls(account_id, channel_id) = 1)
);

CREATE INDEX rota_override_rota ON rota_override (rota_id, to_at);
CREATE INDEX rota_override_account ON rota_override (account_id);
CREATE INDEX rota_override_channel ON rota_override (channel_id);

-- Who is told when nobody takes a group of incidents. A customer's replaces the organization's. steps: [{"minutes",
-- "channels": [numbers], "rota": number or null}], the earliest first. severity: partial is partial and down.
CREATE TABLE escalation_policy (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  organization_id bigint NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  customer_id bigint REFERENCES customer (id) ON DELETE CASCADE,
  name text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('partial', 'down')),
  enabled boolean NOT NULL DEFAULT true,
  steps json NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX escalation_policy_owner ON escalation_policy (organization_id, COALESCE(customer_id, 0));
CREATE INDEX escalation_policy_customer ON escalation_policy (customer_id);

-- A step of which a group's receivers were told, written together with their deliveries: never twice.
CREATE TABLE escalation_done (
  group_id bigint NOT NULL REFERENCES incident_group (id) ON DELETE CASCADE,
  policy_id bigint NOT NULL REFERENCES escalation_policy (id) ON DELETE CASCADE,
  step int NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  notified json NOT NULL DEFAULT '[]',
  PRIMARY KEY (group_id, policy_id, step)
);

CREATE INDEX escalation_done_policy ON escalation_done (policy_id);

-- The reminders that a receiver had of a group, written together with their deliveries.
CREATE TABLE reminder (
  group_id bigint NOT NULL REFERENCES incident_group (id) ON DELETE CASCADE,
  receiver_key text NOT NULL,
  number int NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, receiver_key, number)
);

-- migrate: rollback

DROP TABLE reminder, escalation_done, escalation_policy, rota_override, rota;
ALTER TABLE incident DROP COLUMN on_call_at;
ALTER TABLE customer DROP COLUMN reminders;
ALTER TABLE organization DROP COLUMN reminders;
