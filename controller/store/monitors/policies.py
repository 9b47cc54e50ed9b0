"""The policies of organizations, customers and monitors, as they were set."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policies import Level, Levels, Own, own_stored
from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.model import Mode
from controller.store.platform.pool import Connection, Database

_SELECT = {
    Level.ORGANIZATION: "SELECT organization.policy AS organization FROM organization WHERE organization.id = $1",
    Level.CUSTOMER: """
        SELECT organization.policy AS organization, package.policy AS package, customer.policy AS customer,
          customer.alert_location_threshold_count AS threshold
        FROM customer JOIN organization ON organization.id = customer.organization_id
          LEFT JOIN package USING (organization_id, package_type)
        WHERE customer.id = $1
        """,
    Level.MONITOR: """
        SELECT organization.policy AS organization, package.policy AS package, customer.policy AS customer,
          customer.alert_location_threshold_count AS threshold, monitor.policy AS monitor, monitor.mode
        FROM monitor JOIN customer ON customer.id = monitor.customer_id
          JOIN organization ON organization.id = monitor.organization_id
          LEFT JOIN package ON package.organization_id = customer.organization_id
            AND package.package_type = customer.package_type
        WHERE monitor.id = $1 AND monitor.deleted_at IS NULL
        """,
}

_LOCK = {
    Level.ORGANIZATION: "SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE",
    Level.CUSTOMER: "SELECT FROM customer WHERE id = $1 FOR NO KEY UPDATE",
    Level.MONITOR: "SELECT FROM monitor WHERE id = $1 FOR NO KEY UPDATE",
}
# A new policy, and a monitor's new mode, which no other level has.
_CHANGE_MONITOR = "UPDATE monitor SET policy = $2, mode = $3, updated_at = clock_timestamp() WHERE id = $1"
_CHANGE = {
    Level.ORGANIZATION: "UPDATE organization SET policy = $2, updated_at = clock_timestamp() WHERE id = $1",
    Level.CUSTOMER: "UPDATE customer SET policy = $2, updated_at = clock_timestamp() WHERE id = $1",
}


async def levels_of(database: Database, level: Level, number: int) -> Levels | None:
    """What is set at this level and above it; None when there is no such organization, customer or monitor."""
    async with database.connection() as connection:
        return await levels_on(connection, level, number)


class SetPolicy(NamedTuple):
    """A customer or monitor with a policy of its own."""

    public_id: UUID
    name: str
    levels: Levels


async def customers_with_policies(
    connection: Connection, organization_id: int, customer_ids: Collection[int] | None
) -> list[SetPolicy]:
    """The customers of the organization that have one, by name; `customer_ids` None is no limit."""
    rows = await connection.fetch(
        """
        SELECT customer.public_id, customer.name, organization.policy AS organization, package.policy AS package,
          customer.policy AS customer, customer.alert_location_threshold_count AS threshold
        FROM customer JOIN organization ON organization.id = customer.organization_id
          LEFT JOIN package ON package.organization_id = customer.organization_id
            AND package.package_type = customer.package_type
        WHERE customer.organization_id = $1 AND ($2::bigint[] IS NULL OR customer.id = ANY ($2))
          AND (customer.policy IS NOT NULL OR customer.alert_location_threshold_count IS NOT NULL)
        ORDER BY customer.name, customer.id
        """,
        organization_id,
        None if customer_ids is None else list(customer_ids),
    )
    return [SetPolicy(row["public_id"], row["name"], levels_from(_without_names(row))) for row in rows]


async def monitors_with_policies(
    connection: Connection, organization_id: int, customer_ids: Collection[int] | None, *, limit: int
) -> tuple[list[SetPolicy], int]:
    """The first monitors of the organization that have one, by name, and how many there are."""
    rows = await connection.fetch(
        """
        SELECT monitor.public_id, monitor.name, monitor.policy AS monitor, monitor.mode, count(*) OVER () AS number
        FROM monitor
        WHERE monitor.organization_id = $1 AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
          AND monitor.deleted_at IS NULL AND (monitor.policy IS NOT NULL OR monitor.mode IS NOT NULL)
        ORDER BY monitor.name, monitor.id LIMIT $3
        """,
        organization_id,
        None if customer_ids is None else list(customer_ids),
        limit,
    )
    found = [SetPolicy(row["public_id"], row["name"], levels_from(_without_names(row))) for row in rows]
    return found, rows[0]["number"] if rows else 0


def _without_names(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in Levels._fields}


async def change(database: Database, level: Level, number: int, decide: Callable[[Levels], Own]) -> Levels | None:
    """Replace the own policy of this level, while its row is locked; None when it does not exist."""
    async with database.transaction() as connection:
        await connection.execute(_LOCK[level], number)
        levels = await levels_on(connection, level, number)
        if levels is None:
            return None
        policy, mode = own_stored(level, decide(levels))
        if level is Level.MONITOR:
            await connection.execute(_CHANGE_MONITOR, number, stored_policy(policy), mode)
        else:
            await connection.execute(_CHANGE[level], number, stored_policy(policy))
        return await levels_on(connection, level, number)


async def levels_on(connection: Connection, level: Level, number: int) -> Levels | None:
    """The same on a connection that is open already."""
    row = await connection.fetchrow(_SELECT[level], number)
    return levels_from(row) if row else None


def levels_from(row: Any) -> Levels:
    """From columns named like the fields of Levels; fields without a column are None."""
    values = dict(row)
    return Levels(
        organization=_policy(values.get("organization")),
        package=_policy(values.get("package")),
        customer=_policy(values.get("customer")),
        threshold=values.get("threshold"),
        monitor=_policy(values.get("monitor")),
        mode=Mode(values["mode"]) if values.get("mode") else None,
    )


def stored_policy(policy: Policy | None) -> dict[str, Any] | None:
    """A policy without the field that controllers of the version before refuse, as long as it says nothing new: while
    controllers are upgraded, both versions read it.
    """
    if policy is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(policy)
    if policy.regional_after_seconds == STANDARD.regional_after_seconds:
        del fields["regionalAfterSeconds"]
    return fields


def _policy(stored: Any) -> Policy | None:
    return msgspec.convert(stored, Policy | None)
