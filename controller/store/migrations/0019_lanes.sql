-- Lanes: deliveries are claimed lane by lane, so that a claim does not read the backlog.
-- depends: 0018_signatures

-- migrate: apply

-- A lane is a channel, or an own address. It is there while a delivery of it is waiting.
-- due_at: when to look at the lane next. at_once: how many of its deliveries may be sent at once.
-- failures: how often its receiver failed in a row, at last with this error; until paused_until nothing is sent to it.
CREATE TABLE delivery_lane (
  lane text PRIMARY KEY,
  transport text NOT NULL,
  due_at timestamptz(3) NOT NULL,
  at_once int NOT NULL DEFAULT 1,
  failures int NOT NULL DEFAULT 0,
  paused_until timestamptz(3),
  error text
);

CREATE INDEX delivery_lane_due ON delivery_lane (transport, (failures > 0), due_at);

-- lane: NULL while it is new and not in its lane yet. due_from: when it was to be sent first; next_at is later after an
-- attempt that failed, its own or that of an earlier delivery that it must wait for.
ALTER TABLE delivery ADD COLUMN lane text, ADD COLUMN due_from timestamptz(3) NOT NULL DEFAULT now();
UPDATE delivery SET due_from = next_at WHERE state = 'waiting' AND attempts = 0;

CREATE INDEX delivery_new ON delivery (id) WHERE state = 'waiting' AND lane IS NULL;
CREATE INDEX delivery_in_lane ON delivery (lane, next_at, id) WHERE state = 'waiting';
CREATE INDEX delivery_claimed ON delivery (lane) WHERE state = 'waiting' AND claimed_until IS NOT NULL;
CREATE INDEX delivery_of_receiver ON delivery (
  incident_id,
  (CASE WHEN type IN ('email', 'sms') THEN type || ' ' || lower(receiver) ELSE 'channel ' || channel_id::text END),
  id
) WHERE state = 'waiting';

-- Which monitored hosts receive the mail of a domain is looked up for each mail.
CREATE INDEX monitor_host ON monitor (organization_id, lower(rtrim(hostname, '.'))) WHERE deleted_at IS NULL;
CREATE INDEX monitor_ipv4 ON monitor (organization_id, ipv4) WHERE deleted_at IS NULL AND ipv4 IS NOT NULL;

-- migrate: rollback

DROP INDEX monitor_ipv4, monitor_host;
DROP INDEX delivery_of_receiver, delivery_claimed, delivery_in_lane, delivery_new;
ALTER TABLE delivery DROP COLUMN lane, DROP COLUMN due_from;
DROP TABLE delivery_lane;
