"""Who was notified of incidents, alone or in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controller.store.platform.pool import Connection

_LISTENERS = """
WITH heard AS (
  SELECT receiver_key(type, receiver, channel_id) AS key, incident_id, id AS delivery_id
  FROM delivery WHERE incident_id = ANY ($1::bigint[]) AND state IN ('sent', 'waiting', 'digested')
  UNION
  SELECT receiver_key, grouped_change.incident_id, delivery_id
  FROM grouped_change JOIN delivery ON delivery.id = delivery_id
  WHERE grouped_change.incident_id = ANY ($1::bigint[]) AND kind IN ('opened', 'escalated')
    AND state IN ('sent', 'waiting', 'digested')
), listener AS (
  SELECT key, min(heard.incident_id) AS incident_id, count(DISTINCT heard.incident_id) AS incidents,
    min(delivery_id) AS delivery_id
  FROM heard JOIN incident ON incident.id = heard.incident_id JOIN monitor ON monitor.id = incident.monitor_id
  WHERE notify_on_error AND key IS DISTINCT FROM $2
  GROUP BY key
)
SELECT delivery.incident_id AS thread_incident_id, listener.incident_id, incidents, channel_id, channel_name, type,
  receiver
FROM listener JOIN delivery ON delivery.id = delivery_id ORDER BY delivery_id
"""


class Listener(NamedTuple):
    """A receiver that was notified of `incidents` of those asked for, the first one of which is `incident_id`. What it
    receives belongs to the thread of `thread_incident_id`.
    """

    thread_incident_id: int
    incident_id: int
    incidents: int
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str


async def listeners(connection: Connection, incident_ids: Sequence[int], *, besides: str | None) -> list[Listener]:
    """The receivers that were notified of any of these incidents, or are about to be, each once. The receiver with the
    key `besides` is left out.
    """
    rows = await connection.fetch(_LISTENERS, list(incident_ids), besides)
    return [Listener(*row) for row in rows]
