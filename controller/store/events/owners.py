"""Whose events are those of a monitor."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection


class EventOwner(NamedTuple):
    """The public ids that make up an event's subject, and the kind of the monitor."""

    organization: UUID
    customer: UUID
    monitor: UUID
    kind: str


_NAMED = """
SELECT organization.public_id, customer.public_id, monitor.public_id, monitor.kind
FROM monitor
JOIN customer ON customer.id = monitor.customer_id
JOIN organization ON organization.id = customer.organization_id
WHERE monitor.public_id = ANY ($1::uuid[])
"""


async def owners_of(connection: Connection, monitor_ids: Collection[int]) -> dict[int, EventOwner]:
    """By the numbers of monitors, also of deleted ones."""
    rows = await connection.fetch(
        "SELECT monitor.id, organization.public_id, customer.public_id, monitor.public_id, monitor.kind FROM monitor"
        " JOIN customer ON customer.id = monitor.customer_id"
        " JOIN organization ON organization.id = customer.organization_id WHERE monitor.id = ANY ($1::bigint[])",
        list(monitor_ids),
    )
    return {number: EventOwner(*owner) for number, *owner in rows}


async def owners_named(connection: Connection, monitors: Collection[UUID]) -> dict[UUID, EventOwner]:
    """The same by the public ids of monitors."""
    owners = [EventOwner(*row) for row in await connection.fetch(_NAMED, list(monitors))]
    return {owner.monitor: owner for owner in owners}
