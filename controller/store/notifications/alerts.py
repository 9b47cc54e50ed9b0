"""The data for a notification of an incident's change: the incident, its channels, and who was notified before."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.notification.grouping import GroupingSettings, settings_of
from controller.store.platform.pool import Connection
from shared.wire.events import Evidence


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change with its incident, monitor, customer and organization. `package` is the customer's, `gates` are which
    channels it includes; `channels` and `targets` are the organization's defaults. `held`: nobody is notified, because
    a monitor that this one depends on is down. So many monitors depend on this one: `dependents`. `behind` are the
    monitors that it depends on, and itself if others depend on it. `now` is when the transaction began.
    """

    change_id: int
    kind: str
    severity: str
    reason: str
    evidence: Evidence | None
    at: datetime
    incident_id: int
    incident_public_id: UUID
    outage_started_at: datetime
    started_at: datetime
    resolved_at: datetime | None
    incident_severity: str
    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    hostname: str
    port: int | None
    notify_on_error: bool
    monitor_email: str | None
    monitor_phone_number: str | None
    customer_id: int
    customer_public_id: UUID
    customer_name: str
    customer_email: str | None
    customer_phone_number: str | None
    package: str | None
    gates: dict[str, bool]
    package_delay_minutes: int
    customer_rules: dict[str, dict[str, bool]] | None
    organization_rules: dict[str, dict[str, bool]] | None
    organization_id: int
    organization_name: str
    time_zone: str
    channels: dict[str, Any] | None
    targets: dict[str, Any] | None
    group_id: int | None
    group_kind: str | None
    held: bool
    dependents: int
    organization_grouping: dict[str, Any] | None
    customer_grouping: dict[str, Any] | None
    behind: list[int]
    now: datetime

    @property
    def grouping(self) -> GroupingSettings:
        """How the customer's incidents are reported together."""
        return settings_of(self.organization_grouping, self.customer_grouping)

    @property
    def due_at(self) -> datetime:
        """When the checks that show the change were due; what a person changed has no checks."""
        return self.evidence.due_at if self.evidence else self.at


async def alert(connection: Connection, incident_id: int, change_id: int) -> AlertRow | None:
    """None when there is no such change of that incident."""
    row = await connection.fetchrow(
        """
        SELECT change.id AS change_id, change.kind, change.severity, change.reason,
          change.evidence, change.at,
          incident.id AS incident_id, incident.public_id AS incident_public_id, incident.outage_started_at,
          incident.started_at, incident.resolved_at, incident.severity AS incident_severity,
          monitor.id AS monitor_id, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
          monitor.kind AS monitor_kind, monitor.hostname, monitor.port, monitor.notify_on_error,
          monitor.notification_email AS monitor_email, monitor.notification_phone_number AS monitor_phone_number,
          customer.id AS customer_id, customer.public_id AS customer_public_id, customer.name AS customer_name,
          customer.notification_email AS customer_email,
          customer.notification_phone_number AS customer_phone_number, customer.package_type AS package,
          json_build_object('enable_email_alerts', package.enable_email_alerts,
            'enable_sms_alerts', package.enable_sms_alerts, 'enable_webhook_alerts', package.enable_webhook_alerts,
            'enable_integration_alerts', package.enable_integration_alerts) AS gates,
          COALESCE(package.notification_delay_minutes, 0) AS package_delay_minutes,
          customer.notification_rules AS customer_rules,
          organization.default_notification_rules AS organization_rules,
          organization.id AS organization_id, organization.name AS organization_name, organization.time_zone,
          organization.default_notification_channels AS channels,
          organization.default_notification_targets AS targets,
          incident.group_id, incident_group.kind AS group_kind,
          incident.held_by IS NOT NULL AND incident.released_at IS NULL AS held,
          organization.grouping AS organization_grouping, customer.grouping AS customer_grouping,
          ARRAY(
            SELECT DISTINCT parent_id FROM monitor_dependency WHERE monitor_id = monitor.id OR parent_id = monitor.id
          ) AS behind,
          now(),
          (
            SELECT count(*) FROM monitor_dependency JOIN monitor AS child ON child.id = monitor_dependency.monitor_id
            WHERE parent_id = monitor.id AND child.deleted_at IS NULL AND child.status <> 'disabled'
          ) AS dependents
        FROM incident_change AS change
        JOIN incident ON incident.id = change.incident_id
        JOIN monitor ON monitor.id = incident.monitor_id
        JOIN customer ON customer.id = incident.customer_id
        JOIN organization ON organization.id = incident.organization_id
        LEFT JOIN incident_group ON incident_group.id = incident.group_id
        LEFT JOIN package ON package.organization_id = customer.organization_id
          AND package.package_type = customer.package_type
        WHERE incident.id = $1 AND change.id = $2
        """,
        incident_id,
        change_id,
    )
    if row is None:
        return None
    return AlertRow(**(dict(row) | {"evidence": msgspec.convert(row["evidence"], Evidence | None)}))


class ChannelRow(NamedTuple):
    """An active channel of an organization, a customer or a monitor."""

    id: int
    type: str
    name: str
    config: dict[str, Any]
    customer_id: int | None
    monitor_id: int | None
    delay_seconds: int
    conditions: dict[str, Any] | None
    allowed_package_types: list[str] | None
    recipient: dict[str, Any] | None = None
    monitor_interval_seconds: int = 0


async def channels_of(connection: Connection, row: AlertRow) -> list[ChannelRow]:
    """The channels of the monitor, its customer and its organization that are not for ops, by priority."""
    rows = await connection.fetch(
        """
        SELECT id, type, name, config, customer_id, monitor_id, delay_seconds, conditions, allowed_package_types,
          recipient, (SELECT interval_seconds FROM monitor WHERE id = $3) AS monitor_interval_seconds
        FROM notification_channel
        WHERE organization_id = $1 AND is_active AND NOT for_ops
          AND (customer_id IS NULL OR customer_id = $2) AND (monitor_id IS NULL OR monitor_id = $3)
        ORDER BY priority, id
        """,
        row.organization_id,
        row.customer_id,
        row.monitor_id,
    )
    return [ChannelRow(*values) for values in rows]


class FollowerRow(NamedTuple):
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str


async def followers(connection: Connection, incident_id: int) -> list[FollowerRow]:
    """The receivers that were notified of the incident, or are about to be, each once: by a message of its own, or by
    one about its group. A pending notification is sent, or skipped, before later ones; what quiet hours hold is
    told in a digest.
    """
    rows = await connection.fetch(
        """
        SELECT channel_id, channel_name, type, receiver FROM (
          SELECT DISTINCT ON (key) id, channel_id, channel_name, type, receiver FROM (
            SELECT receiver_key(type, receiver, channel_id) AS key, state <> 'sent' AS later, id, channel_id,
              channel_name, type, receiver
            FROM delivery WHERE incident_id = $1 AND state IN ('sent', 'waiting', 'held', 'digested')
            UNION ALL
            SELECT change.receiver_key, delivery.state IS DISTINCT FROM 'sent', delivery.id, known.channel_id,
              known.channel_name, known.type, known.receiver
            FROM grouped_change AS change
            JOIN group_receiver AS known
              ON known.group_id = change.group_id AND known.receiver_key = change.receiver_key
            LEFT JOIN delivery ON delivery.id = change.delivery_id
            WHERE change.incident_id = $1 AND change.kind IN ('opened', 'escalated') AND change.dropped IS NULL
              AND (delivery.id IS NULL OR delivery.state IN ('sent', 'waiting', 'held', 'digested'))
          ) AS known ORDER BY key, later, id
        ) AS follower ORDER BY id
        """,
        incident_id,
    )
    return [FollowerRow(*row) for row in rows]
