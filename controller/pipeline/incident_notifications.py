"""Notify people of an incident: make the deliveries of a change, in the transaction that made the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from controller.decisions.evaluation.state import Severity
from controller.decisions.notification.recipients import (
    Affected,
    Audience,
    OwnerScope,
    Receiver,
    RecipientChannel,
    audience,
    receivers,
)
from controller.decisions.notification.silence import Silence, silence
from controller.kinds import is_one_server
from controller.model import MonitorStatus
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.location_evidence import location_findings
from controller.notify.notice import IncidentNotice, NoticeCustomer, NoticeMonitor
from controller.pipeline.server_names import servers_by_monitor
from controller.store.evaluation import states
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.notifications import alerts, deliveries, delivery_history
from controller.store.notifications.alerts import AlertRow, ChannelRow, UnnotifiedIncident
from controller.store.notifications.deliveries import NewDelivery
from controller.store.platform.pool import Connection, Database, StoreUnavailableError

log = structlog.get_logger()

AFTER_MAINTENANCE_SECONDS = 5.0
_AT_ONCE = 50


async def enqueue(connection: Connection, incident: StoredIncident, change: StoredChange) -> int:
    """Make the deliveries of an incident's change and return how many are new. A second call makes none.

    Call it in the transaction that made the change: both are stored, or neither.
    """
    return await _enqueue(connection, incident.id, change.id)


async def notify_after_maintenance(db: Database) -> int:
    """Notify of outages that began during a maintenance of their monitor and outlast it. Returns the number of
    deliveries. An outage whose deliveries cannot be made is logged.

    Raises StoreUnavailableError.
    """
    made = after = 0
    while True:
        async with db.connection() as connection:
            found = await alerts.unnotified_incidents(connection, _AT_ONCE, after=after)
        for one in found:
            after = one.incident_id
            try:
                made += await _notify_late(db, one)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("late_notification_failed", incident_id=one.incident_id)
        if len(found) < _AT_ONCE:
            return made


async def why_nobody(connection: Connection, incident_id: int, change_id: int) -> Silence | None:
    """Why nobody was notified of the change that opened this incident, for one without deliveries. By the present
    settings, because earlier ones are not kept. None when there is no such change.
    """
    row = await alerts.alert(connection, incident_id, change_id)
    if row is None:
        return None
    channels = await _channels(connection, row)
    in_maintenance = await delivery_history.was_in_maintenance(connection, change_id)
    return silence(channels, Severity(row.severity), _affected(row), row.at, in_maintenance=in_maintenance)


async def _notify_late(db: Database, found: UnnotifiedIncident) -> int:
    """The monitor's state is locked meanwhile, so that no evaluation ends the incident before it was announced."""
    async with db.transaction() as connection:
        await states.lock(connection, found.monitor_id)
        still = await alerts.unnotified_incidents(connection, 1, only=found.incident_id)
        return await _enqueue(connection, still[0].incident_id, still[0].change_id) if still else 0


async def _enqueue(connection: Connection, incident_id: int, change_id: int) -> int:
    row = await alerts.alert(connection, incident_id, change_id)
    if row is None:
        return 0
    severity, affected = Severity(row.severity), _affected(row)
    recipients = audience(row.kind, severity, affected)
    match recipients:
        case Audience.NOBODY:
            return 0
        case Audience.FOLLOWERS:
            found = [Receiver(*follower) for follower in await alerts.followers(connection, incident_id)]
        case _:
            found = list(receivers(await _channels(connection, row), recipients, affected, row.at))
    return await deliveries.insert(
        connection,
        row.organization_id,
        _notice(row, await _servers(connection, row)),
        [NewDelivery(*receiver) for receiver in found],
        incident_id=incident_id,
        change_id=change_id,
    )


async def _channels(connection: Connection, row: AlertRow) -> list[RecipientChannel]:
    """The addresses and active channels of the monitor, its customer and its organization."""
    return [*_own_addresses(row), *map(_channel, await alerts.channels_of(connection, row))]


def _affected(row: AlertRow) -> Affected:
    return Affected(
        MonitorStatus(row.status),
        row.notify_on_error,
        row.package,
        row.started_at,
        row.channels or {},
        row.targets or {},
    )


def _own_addresses(row: AlertRow) -> Iterator[RecipientChannel]:
    """The monitor's own address replaces the customer's."""
    for kind, own, customers in (
        ("email", row.monitor_email, row.customer_email),
        ("sms", row.monitor_phone_number, row.customer_phone_number),
    ):
        if own:
            yield RecipientChannel(None, kind, OwnerScope.MONITOR, (own,))
        elif customers:
            yield RecipientChannel(None, kind, OwnerScope.CUSTOMER, (customers,))


def _channel(row: ChannelRow) -> RecipientChannel:
    scope = (
        OwnerScope.MONITOR if row.monitor_id else OwnerScope.CUSTOMER if row.customer_id else OwnerScope.ORGANIZATION
    )
    match row.type:
        case "email":
            reached = email_addresses(row.config)
        case "sms":
            reached = phone_numbers(row.config)
        case _:
            reached = (row.name,)
    packages = row.allowed_package_types
    return RecipientChannel(
        row.id,
        row.type,
        scope,
        reached,
        row.name,
        row.delay_seconds,
        _seconds(row.conditions or {}, "minIncidentDuration"),
        None if packages is None else frozenset(packages),
    )


def _seconds(conditions: Mapping[str, Any], name: str) -> int:
    value = conditions.get(name)
    return int(value) if isinstance(value, int | float) and value > 0 else 0


async def _servers(connection: Connection, row: AlertRow) -> list[str] | UnsetType:
    """Unset where host name and port say it."""
    if is_one_server(row.monitor_kind):
        return UNSET
    return (await servers_by_monitor(connection, [row]))[row.monitor_public_id]


def _notice(row: AlertRow, servers: list[str] | UnsetType) -> Any:
    """The notice as it is stored with a delivery."""
    notice = IncidentNotice(
        change=row.kind,
        severity=row.severity,
        reason=row.reason,
        at=row.at,
        incident_id=row.incident_id,
        incident_public_id=row.incident_public_id,
        outage_started_at=row.outage_started_at,
        started_at=row.started_at,
        resolved_at=row.resolved_at,
        monitor=NoticeMonitor(
            id=row.monitor_id,
            public_id=row.monitor_public_id,
            name=row.monitor_name,
            kind=row.monitor_kind,
            hostname=row.hostname,
            port=row.port,
            servers=servers,
        ),
        customer=NoticeCustomer(id=row.customer_id, public_id=row.customer_public_id, name=row.customer_name),
        organization=row.organization_name,
        time_zone=row.time_zone,
        evidence=location_findings(row.evidence, row.monitor_kind),
    )
    return msgspec.to_builtins(notice)
