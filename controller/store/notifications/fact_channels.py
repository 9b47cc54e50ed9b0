"""The channels that are notified of changes of facts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from controller.store.notifications.alerts import ChannelRow
from controller.store.platform.pool import Connection


class SubscribedChannel(NamedTuple):
    """A channel, and the kinds of changes that it subscribes to."""

    channel: ChannelRow
    kinds: frozenset[str]


class NoticeOrigin(NamedTuple):
    """What a notice about a monitor says of it, and whether anybody may be notified now. `package` is the customer's,
    `gates` are which channels it includes.
    """

    monitor_name: str
    customer_name: str
    package: str | None
    time_zone: str
    quiet: bool
    gates: dict[str, bool]


async def subscribed(connection: Connection, monitor_id: int, kinds: Collection[str]) -> list[SubscribedChannel]:
    """The active channels of the monitor, its customer and its organization that subscribe to one of these kinds."""
    rows: list[Any] = await connection.fetch(
        """
        SELECT channel.fact_changes, channel.id, channel.type, channel.name, channel.config, channel.customer_id,
          channel.monitor_id, channel.delay_seconds, channel.conditions, channel.allowed_package_types
        FROM notification_channel AS channel JOIN monitor ON monitor.organization_id = channel.organization_id
        WHERE monitor.id = $1 AND channel.is_active AND NOT channel.for_ops AND channel.fact_changes && $2::text[]
          AND (channel.customer_id IS NULL OR channel.customer_id = monitor.customer_id)
          AND (channel.monitor_id IS NULL OR channel.monitor_id = monitor.id)
        ORDER BY channel.priority, channel.id
        """,
        monitor_id,
        list(kinds),
    )
    return [SubscribedChannel(ChannelRow(*row[1:]), frozenset(row[0])) for row in rows]


async def origin_of(connection: Connection, monitor_id: int) -> NoticeOrigin | None:
    """None when the monitor is gone."""
    row = await connection.fetchrow(
        """
        SELECT monitor.name, customer.name, customer.package_type, organization.time_zone,
          monitor.status = 'disabled' OR NOT monitor.notify_on_error,
          json_build_object('enable_email_alerts', enable_email_alerts, 'enable_sms_alerts', enable_sms_alerts,
            'enable_webhook_alerts', enable_webhook_alerts, 'enable_integration_alerts', enable_integration_alerts)
        FROM monitor JOIN customer ON customer.id = monitor.customer_id
        JOIN organization ON organization.id = monitor.organization_id
        LEFT JOIN package ON package.organization_id = customer.organization_id
          AND package.package_type = customer.package_type
        WHERE monitor.id = $1
        """,
        monitor_id,
    )
    return None if row is None else NoticeOrigin(*row)
