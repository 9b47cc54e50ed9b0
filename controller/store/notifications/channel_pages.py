"""Pages of notification channels."""

from __future__ import annotations

import msgspec

from controller.model import Channel
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk, apart

_CHANNELS = """
WITH found AS (
  SELECT channel.id, channel.public_id, channel.organization_id, channel.customer_id, channel.monitor_id, channel.type,
    channel.category, channel.name, channel.config, channel.priority, channel.delay_seconds, channel.conditions,
    channel.is_active, channel.allowed_package_types, channel.for_ops, channel.fact_changes, channel.created_at,
    channel.updated_at, channel.recipient, monitor.kind AS monitor_kind, monitor.public_id AS monitor_public_id,
  customer.public_id AS customer_public_id,
    coalesce(channel.customer_id, monitor.customer_id) AS owner_id,
    CASE $1 WHEN 'name' THEN lower(channel.name)
      WHEN 'priority' THEN to_char(channel.priority, 'FM00000')
      ELSE to_char(channel.created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM notification_channel AS channel LEFT JOIN monitor ON monitor.id = channel.monitor_id
    LEFT JOIN customer ON customer.id = channel.customer_id
  WHERE (channel.monitor_id IS NULL OR monitor.deleted_at IS NULL)
    AND channel.organization_id = $6
    AND ($7::bigint[] IS NULL OR coalesce(channel.customer_id, monitor.customer_id) = ANY ($7))
    AND ($8::bigint IS NULL OR coalesce(channel.customer_id, monitor.customer_id) = $8)
    AND ($9::bigint IS NULL OR channel.monitor_id = $9 OR (
      channel.monitor_id IS NULL AND NOT channel.for_ops
      AND (channel.customer_id IS NULL OR channel.customer_id = (SELECT customer_id FROM monitor WHERE id = $9))
    ))
    AND ($10::text IS NULL OR channel.type = $10)
)
SELECT * FROM found
WHERE $3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""


class ChannelFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`customer_ids` restricts channels to these customers' and their monitors' (None is no limit), `customer_id` to
    one customer's, `concerning_monitor_id` to those notified about a monitor: its own, its customer's and the
    organization's.
    """

    organization_id: int
    customer_ids: frozenset[int] | None
    customer_id: int | None = None
    concerning_monitor_id: int | None = None
    type: str | None = None


async def channels_page(database: Database, walk: ListWalk, chosen: ChannelFilter) -> list[tuple[Channel, str]]:
    """Channels, each with the text that it is sorted by: by name, priority or createdAt."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            _CHANNELS,
            *walk.values,
            chosen.organization_id,
            None if chosen.customer_ids is None else sorted(chosen.customer_ids),
            chosen.customer_id,
            chosen.concerning_monitor_id,
            chosen.type,
        )
    return [(Channel(**fields), sorted_by) for fields, sorted_by in map(apart, rows)]
