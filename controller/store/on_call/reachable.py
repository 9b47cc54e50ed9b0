"""The people and channels of an organization whom a shift or a step can name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from controller.decisions.access import customers_within
from controller.decisions.on_call.rota import Reachable
from controller.model import Role
from controller.model.notification.on_call import NamedChannel, OnCallPerson
from controller.store.notifications.alerts import ChannelRow
from controller.store.platform.pool import Connection


async def reachable_of(connection: Connection, organization_id: int) -> Reachable:
    """The people, and the organization's own active channels."""
    people = await connection.fetch(
        "SELECT id, public_id, email, role, customer_ids FROM account WHERE organization_id = $1 ORDER BY id DESC",
        organization_id,
    )
    channels = await connection.fetch(
        "SELECT id, public_id, name, type FROM notification_channel WHERE organization_id = $1 AND customer_id IS NULL"
        " AND monitor_id IS NULL AND is_active AND NOT for_ops ORDER BY id",
        organization_id,
    )
    return Reachable(
        {row["email"].lower(): _person(row) for row in people},
        tuple(NamedChannel(*row) for row in channels),
    )


def _person(row: Any) -> OnCallPerson:
    limits = customers_within(Role(row["role"]), row["customer_ids"])
    return OnCallPerson(row["id"], row["public_id"], row["email"], limits)


async def channels_named(
    connection: Connection,
    organization_id: int,
    public_ids: Collection[UUID],
    customer_id: int | None,
    *,
    of_customer_only: bool,
) -> list[NamedChannel]:
    """Those of these channels that belong to this customer or, unless `of_customer_only`, to the organization."""
    rows = await connection.fetch(
        "SELECT id, public_id, name, type FROM notification_channel WHERE organization_id = $1"
        " AND public_id = ANY ($2::uuid[]) AND monitor_id IS NULL AND NOT for_ops"
        " AND (customer_id = $3 OR customer_id IS NULL AND NOT $4)",
        organization_id,
        list(public_ids),
        customer_id,
        of_customer_only,
    )
    return [NamedChannel(*row) for row in rows]


async def active_channels(connection: Connection, organization_id: int, numbers: Collection[int]) -> list[ChannelRow]:
    """Those of these channels that are active."""
    rows = await connection.fetch(
        """
        SELECT id, type, name, config, customer_id, monitor_id, delay_seconds, conditions, allowed_package_types
        FROM notification_channel WHERE organization_id = $1 AND id = ANY ($2::bigint[]) AND is_active ORDER BY id
        """,
        organization_id,
        list(numbers),
    )
    return [ChannelRow(*row) for row in rows]


async def organization_channels(connection: Connection, organization_id: int) -> list[ChannelRow]:
    """The organization's own active channels that are not for operators."""
    rows = await connection.fetch(
        """
        SELECT id, type, name, config, customer_id, monitor_id, delay_seconds, conditions, allowed_package_types
        FROM notification_channel
        WHERE organization_id = $1 AND customer_id IS NULL AND monitor_id IS NULL AND is_active AND NOT for_ops
        ORDER BY priority, id
        """,
        organization_id,
    )
    return [ChannelRow(*row) for row in rows]
