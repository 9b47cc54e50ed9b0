"""Events for subscribers about changes that the audit log records: what was changed by whom.

An event names the fields and holds none of their values. It names people by id, because every subscriber of a customer
reads it, while only admins read the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from controller.model import ApiToken, Channel, Customer, Monitor
from controller.model.audit import Actor, AuditAction, AuditObject, ObjectKind
from controller.model.maintenance import MaintenanceWindow
from controller.off_loop import off_loop
from controller.operations.audit.states import Audited
from controller.store.audit.entries import NewEntry, actor_id
from controller.store.events.announcing import (
    ChangedConfiguration,
    configuration_changed,
    monitors_configured,
)
from controller.store.platform.pool import Connection, Database
from shared.wire.side_events import ChangedBy, ChangedObject

ANNOUNCED = frozenset(
    {
        ObjectKind.ORGANIZATION,
        ObjectKind.CUSTOMER,
        ObjectKind.USER,
        ObjectKind.TOKEN,
        ObjectKind.SCREEN,
        ObjectKind.MONITOR,
        ObjectKind.CHANNEL,
        ObjectKind.MAINTENANCE,
        ObjectKind.SUBSCRIBER,
    }
)
"""Incidents have events of their own, and logins are no configuration."""


def customer_of(thing: Audited) -> int | None:
    """The number of the customer to which the object belongs; None with the organization's."""
    match thing:
        case Customer():
            return thing.id
        case Channel():
            return thing.owner_id
        case Monitor() | ApiToken() | MaintenanceWindow():
            return thing.customer_id
    return None


async def announce(
    database: Database,
    by: Actor,
    action: AuditAction,
    what: AuditObject,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    customer_id: int | None = None,
) -> None:
    """Without `customer_id` it is looked up, for a customer or a monitor. What belongs to the installation has no
    event. `database` is the change's own transaction.
    """
    entry = NewEntry(
        action=action, what=what, before=dict(before) if before else None, after=dict(after) if after else None
    )
    async with database.connection() as connection:
        if changed := _changed(entry, await _changed_by(connection, by), customer_id):
            await configuration_changed(connection, changed)


async def announce_many(database: Database, by: Actor, changes: Sequence[NewEntry]) -> None:
    """The same for changes of many monitors."""
    async with database.connection() as connection:
        changed_by = await _changed_by(connection, by)
        announced = await off_loop(lambda: [_changed(change, changed_by, None) for change in changes])
        await monitors_configured(connection, [changed for changed in announced if changed is not None])


def _changed(entry: NewEntry, by: ChangedBy, customer_id: int | None) -> ChangedConfiguration | None:
    """None for what has no event."""
    what = entry.what
    if what.kind not in ANNOUNCED or what.organization_id is None:
        return None
    identifier = UUID(what.id) if what.id and what.kind in (ObjectKind.MONITOR, ObjectKind.CUSTOMER) else None
    return ChangedConfiguration(
        organization_id=what.organization_id,
        customer_id=customer_id,
        customer=identifier if what.kind is ObjectKind.CUSTOMER else None,
        monitor=identifier if what.kind is ObjectKind.MONITOR else None,
        action=entry.action.value,
        object=ChangedObject(kind=what.kind.value, id=what.id),
        by=by,
        fields=sorted({*_names(entry.before or {}), *_names(entry.after or {})}),
    )


async def _changed_by(connection: Connection, by: Actor) -> ChangedBy:
    return ChangedBy(kind=by.kind.value, id=await actor_id(connection, by))


def _names(fields: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """With dots where a field holds others: `config.auth.user`."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield prefix + name
