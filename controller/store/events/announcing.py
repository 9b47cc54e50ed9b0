"""Events about what surrounds checks, written in the transaction that changed it: gaps, maintenance, deliveries and
configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from controller.model.maintenance import InMaintenance
from controller.off_loop import off_loop
from controller.store.events import outbox
from controller.store.events.outbox import NewEvent
from controller.store.events.owners import EventOwner, owners_named, owners_of
from controller.store.platform.pool import Connection
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire import json_times, subjects
from shared.wire.messages import EventType
from shared.wire.rounds import Purpose
from shared.wire.side_events import (
    ChangedBy,
    ChangedObject,
    ConfigurationEvent,
    DeliveryEvent,
    GapEvent,
    MaintenanceEvent,
)


class RecordedGap(NamedTuple):
    """Checks without a result, from the first to the last of these due moments."""

    monitor_id: int
    location_id: int
    purpose: str
    reason: str
    first: datetime
    last: datetime


class ChangedConfiguration(NamedTuple):
    """What was done, to which object, by whom, and the names of the fields. The customer to which the object belongs is
    given by its number, or by public id, or by one of its monitors; if none is given, the object is the organization's.
    """

    organization_id: int
    customer_id: int | None
    customer: UUID | None
    monitor: UUID | None
    action: str
    object: ChangedObject
    by: ChangedBy
    fields: list[str]


async def gaps_recorded(connection: Connection, gaps: Sequence[RecordedGap]) -> None:
    if not gaps:
        return
    owners = await owners_of(connection, {gap.monitor_id for gap in gaps})
    places = {
        row["id"]: row
        for row in await connection.fetch(
            "SELECT id, code, country_code FROM location WHERE id = ANY ($1::int[])", [gap.location_id for gap in gaps]
        )
    }
    now = utc_now()
    events = [
        _gap(gap, owners[gap.monitor_id], places[gap.location_id]["code"], places[gap.location_id]["country_code"], now)
        for gap in gaps
    ]
    await outbox.insert(connection, events)


def _gap(gap: RecordedGap, owner: EventOwner, location: str, country: str, now: datetime) -> NewEvent:
    event = GapEvent(
        event_id=uuid5(owner.monitor, f"{to_ms(gap.first)}-{to_ms(gap.last)}:{location}:{gap.purpose}:gap"),
        type=EventType.GAP,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=now,
        location=location,
        country=country,
        purpose=Purpose(gap.purpose),
        reason=gap.reason,
        due_from=gap.first,
        due_to=gap.last,
        kind=owner.kind,
    )
    return _new_event(owner, event)


async def maintenance_changed(
    connection: Connection, began: Mapping[int, InMaintenance], ended: Mapping[int, InMaintenance]
) -> None:
    """By the numbers of monitors: the maintenance that began, and the maintenance that ended."""
    owners = await owners_of(connection, [*began, *ended])
    now = utc_now()
    await outbox.insert(
        connection,
        await off_loop(
            lambda: [
                *(_maintenance(owners[number], "began", one, now) for number, one in began.items()),
                *(_maintenance(owners[number], "ended", one, now) for number, one in ended.items()),
            ]
        ),
    )


def _maintenance(owner: EventOwner, change: str, maintenance: InMaintenance, now: datetime) -> NewEvent:
    event = MaintenanceEvent(
        event_id=uuid4(),
        type=EventType.MAINTENANCE,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=now,
        change=change,
        effect=maintenance.effect,
        since=maintenance.since,
        until=maintenance.until,
        kind=owner.kind,
    )
    return _new_event(owner, event)


async def delivery_tried(
    connection: Connection,
    incident_id: int | None,
    delivery: UUID,
    *,
    channel: str,
    name: str,
    attempt: int,
    outcome: str,
    error: str | None = None,
) -> None:
    """Notices that are not about an incident belong to nobody's stream."""
    row = await connection.fetchrow("SELECT public_id, monitor_id FROM incident WHERE id = $1", incident_id)
    if row is None:
        return
    owner = (await owners_of(connection, [row["monitor_id"]]))[row["monitor_id"]]
    event = DeliveryEvent(
        event_id=uuid5(delivery, f"{attempt}:{outcome}"),
        type=EventType.DELIVERY,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=utc_now(),
        incident_id=row["public_id"],
        delivery_id=delivery,
        outcome=outcome,
        channel=channel,
        name=name,
        attempt=attempt,
        error=error,
        kind=owner.kind,
    )
    await outbox.insert(connection, [_new_event(owner, event)])


_OWNER = """
SELECT organization.public_id AS organization, customer.public_id AS customer, monitor.public_id AS monitor,
  monitor.kind
FROM organization
LEFT JOIN monitor ON monitor.public_id = $4 AND monitor.organization_id = organization.id
LEFT JOIN customer ON (customer.public_id = $3 OR customer.id = COALESCE($2::bigint, monitor.customer_id))
  AND customer.organization_id = organization.id
WHERE organization.id = $1
"""


async def configuration_changed(connection: Connection, changed: ChangedConfiguration) -> None:
    row = await connection.fetchrow(
        _OWNER, changed.organization_id, changed.customer_id, changed.customer, changed.monitor
    )
    if row is not None:
        await outbox.insert(connection, [_configuration(dict(row), changed, utc_now())])


async def monitors_configured(connection: Connection, changes: Sequence[ChangedConfiguration]) -> None:
    """The same for changes of many monitors, each of which is named."""
    owners = await owners_named(connection, {change.monitor for change in changes if change.monitor is not None})
    now = utc_now()
    await outbox.insert(
        connection,
        await off_loop(
            lambda: [
                _configuration(owners[change.monitor]._asdict(), change, now)
                for change in changes
                if change.monitor in owners
            ]
        ),
    )


def _configuration(owner: Mapping[str, Any], changed: ChangedConfiguration, now: datetime) -> NewEvent:
    event = ConfigurationEvent(
        event_id=uuid4(),
        type=EventType.CONFIGURATION,
        organization_id=owner["organization"],
        customer_id=owner["customer"],
        monitor_id=owner["monitor"],
        occurred_at=now,
        action=changed.action,
        object=changed.object,
        by=changed.by,
        fields=changed.fields,
        kind=owner["kind"] or "",
    )
    subject = subjects.event(owner["organization"], owner["customer"], owner["monitor"], EventType.CONFIGURATION)
    return NewEvent(event.event_id, subject, json_times.encode(event))


def _new_event(owner: EventOwner, event: GapEvent | MaintenanceEvent | DeliveryEvent) -> NewEvent:
    subject = subjects.event(owner.organization, owner.customer, owner.monitor, event.type)
    return NewEvent(event.event_id, subject, json_times.encode(event))
