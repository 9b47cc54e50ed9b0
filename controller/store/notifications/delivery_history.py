"""What became of the notifications of an incident: who was notified when, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.model import DeliveryRecord, DeliveryTry
from controller.store.platform.pool import Connection

MOST_DELIVERIES = 200
MOST_TRIES = 10

_DELIVERIES = """
WITH told AS (
  SELECT id AS delivery_id, change_id FROM delivery WHERE incident_id = $1 AND group_id IS NULL
  UNION SELECT delivery_id, max(change_id) FROM grouped_change
  WHERE incident_id = $1 AND delivery_id IS NOT NULL GROUP BY delivery_id
), receivers AS (
  SELECT DISTINCT receiver_key(type, receiver, channel_id) AS key FROM told JOIN delivery ON delivery.id = delivery_id
), on_call AS (
  SELECT delivery.id FROM incident AS own
  JOIN delivery ON delivery.group_id IN (
    SELECT own.group_id UNION ALL SELECT id FROM incident_group WHERE merged_into = own.group_id
  )
  WHERE own.id = $1 AND delivery.notice -> 'onCall' IS NOT NULL AND delivery.created_at >= own.started_at
    AND (own.resolved_at IS NULL OR delivery.created_at < own.resolved_at)
    AND receiver_key(delivery.type, delivery.receiver, delivery.channel_id) IN (SELECT key FROM receivers)
    AND NOT EXISTS (
      SELECT FROM incident_change AS taken WHERE taken.incident_id = $1 AND taken.kind = 'acknowledged'
        AND taken.at <= delivery.created_at AND is_acknowledged(taken.at, taken.acknowledged_until, delivery.created_at)
    )
), listed AS (
  SELECT id AS delivery_id, NULL::bigint AS change_id, true AS on_call FROM on_call
  UNION ALL SELECT delivery_id, change_id, false FROM told WHERE delivery_id NOT IN (SELECT id FROM on_call)
)
SELECT listed.change_id,
  CASE WHEN NOT on_call THEN change.kind WHEN delivery.notice #> '{onCall,step}' IS NULL THEN 'reminder' ELSE 'step' END
    AS change_kind,
  (delivery.notice #>> '{onCall,step}')::int AS step, delivery.type, delivery.channel_name, delivery.receiver,
  delivery.state, delivery.attempts, GREATEST(delivery.next_at, delivery_lane.paused_until) AS next_at,
  delivery.created_at, delivery.sent_at, COALESCE(delivery.error, delivery_lane.error) AS error,
  COALESCE(tries.found, '[]'::json) AS tries
FROM listed JOIN delivery ON delivery.id = listed.delivery_id
LEFT JOIN incident_change AS change ON change.id = listed.change_id
LEFT JOIN delivery_lane ON delivery_lane.lane = delivery.lane AND state = 'waiting'
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('at', at, 'error', error) ORDER BY id) AS found FROM (
    SELECT id, at, error FROM delivery_attempt WHERE delivery_id = delivery.id ORDER BY id DESC LIMIT $3
  ) AS latest
) AS tries ON true
WHERE on_call OR change.id IS NOT NULL
ORDER BY delivery.id LIMIT $2
"""


async def deliveries_of(connection: Connection, incident_id: int) -> list[DeliveryRecord]:
    """The deliveries of an incident's changes, and the reminders and escalation steps of its group that went to who
    knows of it while nobody had it: in order, MOST_DELIVERIES at most, each with its latest attempts. One that waits
    because its receiver fails has the receiver's error, and the time of the next attempt there.
    """
    rows = await connection.fetch(_DELIVERIES, incident_id, MOST_DELIVERIES, MOST_TRIES)
    return [DeliveryRecord(**{**row, "tries": msgspec.convert(row["tries"], list[DeliveryTry])}) for row in rows]


class SilentIncident(NamedTuple):
    """An incident of which no notification was sent. `change_id` is the change that opened it. The errors are those of
    its deliveries: failed for good, skipped, or waiting for another attempt, their own or of what is tried before them.
    """

    id: int
    change_id: int
    public_id: UUID
    severity: str
    reason: str
    flapping: bool
    started_at: datetime
    resolved_at: datetime | None
    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    failed: list[str]
    skipped: list[str]
    waiting: list[str]


_SILENT = """
SELECT incident.id, opened.id AS change_id, incident.public_id, incident.severity, incident.reason, incident.flapping,
  incident.started_at, incident.resolved_at, monitor.id AS monitor_id, monitor.public_id AS monitor_public_id,
  monitor.name AS monitor_name, errors.failed, errors.skipped, errors.waiting
FROM incident JOIN monitor ON monitor.id = incident.monitor_id
CROSS JOIN LATERAL (
  SELECT id FROM incident_change WHERE incident_id = incident.id AND kind = 'opened' ORDER BY id LIMIT 1
) AS opened
CROSS JOIN LATERAL (
  SELECT COALESCE(array_agg(DISTINCT COALESCE(delivery.error, '')) FILTER (WHERE state = 'failed'), '{}') AS failed,
    COALESCE(array_agg(DISTINCT COALESCE(delivery.error, '')) FILTER (WHERE state = 'skipped'), '{}') AS skipped,
    COALESCE(
      array_agg(DISTINCT COALESCE(delivery.error, delivery_lane.error, ''))
        FILTER (WHERE state IN ('waiting', 'held')), '{}'
    ) AS waiting
  FROM (
    SELECT id FROM delivery WHERE incident_id = incident.id AND group_id IS NULL
    UNION SELECT delivery_id FROM grouped_change WHERE incident_id = incident.id AND delivery_id IS NOT NULL
  ) AS told (delivery_id) JOIN delivery ON delivery.id = told.delivery_id
  LEFT JOIN delivery_lane ON delivery_lane.lane = delivery.lane
) AS errors
WHERE (incident.resolved_at IS NULL OR incident.resolved_at > $1) AND monitor.deleted_at IS NULL
  AND ($2::bigint IS NULL OR incident.organization_id = $2)
  AND ($3::bigint[] IS NULL OR incident.customer_id = ANY ($3)) AND ($4::uuid IS NULL OR monitor.public_id = $4)
  AND NOT EXISTS (
    SELECT FROM (
      SELECT id FROM delivery WHERE incident_id = incident.id AND group_id IS NULL
      UNION SELECT delivery_id FROM grouped_change WHERE incident_id = incident.id AND delivery_id IS NOT NULL
    ) AS told (delivery_id) JOIN delivery ON delivery.id = told.delivery_id
    LEFT JOIN delivery AS digest ON digest.id = delivery.digest_id
    WHERE delivery.state = 'sent' OR delivery.state = 'digested' AND digest.state IN ('sent', 'waiting')
  )
ORDER BY incident.started_at DESC, incident.id DESC LIMIT $5
"""


async def silent_incidents(
    connection: Connection,
    since: datetime,
    organization_id: int | None,
    customer_ids: Sequence[int] | None,
    monitor: UUID | None,
    *,
    limit: int,
) -> list[SilentIncident]:
    """The incidents that lasted after `since` and of which nobody was notified, the latest first; None is any."""
    rows = await connection.fetch(_SILENT, since, organization_id, customer_ids, monitor, limit)
    return [SilentIncident(*row) for row in rows]
