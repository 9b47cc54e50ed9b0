"""Notify people of an incident: make the deliveries of a change, in the transaction that made the change.

Those that hear of several incidents of one cause hear of the later ones together (pipeline.grouping.placing).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.decisions.notification.group_messages import WORSE
from controller.decisions.notification.recipients import (
    Affected,
    Audience,
    Receiver,
    audience,
    receivers,
)
from controller.decisions.notification.rules import ChannelRules, switched_off
from controller.decisions.notification.silence import Silence, silence
from controller.decisions.packages import closed_channels
from controller.kinds import check_type, is_one_server
from controller.model.checks import CheckTiming
from controller.notify.location_evidence import location_findings
from controller.notify.notice import IncidentNotice, NoticeCustomer, NoticeMaintenance, NoticeMonitor
from controller.pipeline.grouping.placing import notified_at_once, place
from controller.pipeline.notifications.recipient_channels import recipient_channels
from controller.pipeline.server_names import servers_by_monitor
from controller.store.checks.timings import timings_of
from controller.store.incidents import groups
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.maintenance.covered import maintenance_at, names_at
from controller.store.notifications import alerts, deliveries, group_receivers
from controller.store.notifications.alerts import AlertRow
from controller.store.notifications.deliveries import NewDelivery
from controller.store.platform.pool import Connection

_CHECKED = frozenset(ChangeKind)
"""Changes that checks make; those of people are announced where they are made."""


class WhyNobody(NamedTuple):
    """With `Silence.MAINTENANCE` the names of the windows that held, as far as they still exist; with `Silence.HELD`
    the incident of the monitor that this one depends on.
    """

    silence: Silence
    windows: tuple[str, ...] = ()
    held_by: UUID | None = None


async def enqueue(connection: Connection, incident: StoredIncident, change: StoredChange) -> int:
    """Have an incident's change told to people and return how many messages were made at once; those about its whole
    group follow. A second call makes none.

    Call it in the transaction that made the change: both are stored, or neither. From then on no other controller
    decides about incidents of the organization until that transaction ends.
    """
    if change.kind not in _CHECKED:
        return 0
    await groups.lock(connection, [incident.organization_id])
    row = await alerts.alert(connection, incident.id, change.id)
    if row is None:
        return 0
    if change.kind == ChangeKind.OPENED and (holding := await groups.holding(connection, row.monitor_id)):
        await groups.hold(connection, incident.id, holding)
        return 0
    made = 0
    if not row.held:
        in_maintenance = await maintenance_at(connection, row.monitor_id, row.due_at) is not None
        made = await _enqueue(connection, row, _affected(row, in_maintenance=in_maintenance))
    if change.kind == ChangeKind.RESOLVED and row.group_id is not None:
        await groups.close(connection, row.group_id)
    return made


async def enqueue_released(connection: Connection, incident_id: int, change_id: int, reason: str) -> int:
    """Notify people of an open incident that was held, with the present reason. Return how many messages were made."""
    await groups.release(connection, incident_id)
    return await _enqueue_opened(connection, incident_id, change_id, reason)


async def enqueue_late(
    connection: Connection,
    incident_id: int,
    change_id: int,
    reason: str,
    maintenance: NoticeMaintenance,
    *,
    known: bool,
) -> int:
    """Make the deliveries of a change of an open incident that a maintenance kept quiet, with the present reason; to
    whom nothing is `known` of the incident, it opened. Return how many are new.
    """
    kind = ChangeKind.ESCALATED if known else ChangeKind.OPENED
    return await _enqueue_opened(connection, incident_id, change_id, reason, maintenance, kind=kind)


async def _enqueue_opened(
    connection: Connection,
    incident_id: int,
    change_id: int,
    reason: str,
    maintenance: NoticeMaintenance | None = None,
    *,
    kind: ChangeKind = ChangeKind.OPENED,
) -> int:
    """Tell the state of an open incident as if it had just come to be."""
    row = await alerts.alert(connection, incident_id, change_id)
    if row is None:
        return 0
    await groups.lock(connection, [row.organization_id])
    row = msgspec.structs.replace(row, kind=kind.value, severity=row.incident_severity, reason=reason)
    return await _enqueue(connection, row, _affected(row, in_maintenance=False), maintenance)


async def notice_of(connection: Connection, incident_id: int, change_id: int) -> IncidentNotice | None:
    """The notice of a change of an incident; None when there is no such change."""
    row = await alerts.alert(connection, incident_id, change_id)
    if row is None:
        return None
    return msgspec.convert(_notice(row, await _servers(connection, row), None), IncidentNotice)


async def why_nobody(connection: Connection, incident_id: int, change_id: int) -> WhyNobody | None:
    """Why nobody was notified of the change that opened this incident, for one without deliveries. By the present
    settings, because earlier ones are not kept. None when there is no such change.
    """
    row = await alerts.alert(connection, incident_id, change_id)
    if row is None:
        return None
    channels = await recipient_channels(connection, row)
    found = await maintenance_at(connection, row.monitor_id, row.due_at)
    held_by = await groups.held_by(connection, incident_id)
    affected = _affected(row, in_maintenance=found is not None)
    why = silence(channels, Severity(row.severity), affected, row.at, is_held=held_by is not None)
    windows = await names_at(connection, row.monitor_id, row.due_at) if why is Silence.MAINTENANCE else []
    return WhyNobody(why, tuple(windows), held_by if why is Silence.HELD else None)


async def stored_notice(connection: Connection, row: AlertRow) -> dict[str, Any]:
    """The notice of a change as it is stored with a delivery, without a maintenance."""
    notice: dict[str, Any] = _notice(row, await _servers(connection, row), None)
    return notice


async def _enqueue(
    connection: Connection, row: AlertRow, affected: Affected, maintenance: NoticeMaintenance | None = None
) -> int:
    if row.kind in WORSE and row.group_id is None:
        row = await place(connection, row)
    if await group_receivers.has_receivers(connection, row.change_id):
        return 0
    recipients = audience(row.kind, Severity(row.severity), affected)
    match recipients:
        case Audience.NOBODY:
            found = []
        case Audience.FOLLOWERS:
            found = [Receiver(*follower) for follower in await alerts.followers(connection, row.incident_id)]
        case _:
            found = list(receivers(await recipient_channels(connection, row), recipients, affected, row.at))
    found = await notified_at_once(connection, row, found)
    if not found:
        return 0
    timings = await timings_of(connection, row.monitor_id, row.monitor_public_id, row.evidence)
    return await deliveries.insert(
        connection,
        row.organization_id,
        _notice(row, await _servers(connection, row), maintenance, timings),
        [NewDelivery(*receiver) for receiver in found],
        incident_id=row.incident_id,
        change_id=row.change_id,
        group_id=row.group_id,
        kind=row.kind,
    )


def _affected(row: AlertRow, *, in_maintenance: bool) -> Affected:
    return Affected(
        in_maintenance,
        row.notify_on_error,
        row.package,
        row.started_at,
        row.channels or {},
        row.targets or {},
        ChannelRules(
            closed=closed_channels(row.gates),
            off=switched_off(check_type(row.monitor_kind), row.customer_rules, row.organization_rules),
            delay_seconds=row.package_delay_minutes * 60,
        ),
    )


async def _servers(connection: Connection, row: AlertRow) -> list[str] | UnsetType:
    """Unset where host name and port say it."""
    if is_one_server(row.monitor_kind):
        return UNSET
    return (await servers_by_monitor(connection, [row]))[row.monitor_public_id]


def _notice(
    row: AlertRow,
    servers: list[str] | UnsetType,
    maintenance: NoticeMaintenance | None,
    timings: Mapping[UUID, CheckTiming] | None = None,
) -> Any:
    """The notice as it is stored with a delivery. `timings` are those of the checks that the votes rest on."""
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
        evidence=location_findings(row.evidence, row.monitor_kind, timings),
        maintenance=maintenance,
        dependents=row.dependents,
    )
    return msgspec.to_builtins(notice)
