"""The policies of organizations, customers and monitors, as they were set."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from controller.decisions.evaluation.policies import Levels
from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.model import Mode
from controller.store.platform.pool import Connection, Database


class Level(StrEnum):
    """The level at which a policy is set, by the name of its table."""

    ORGANIZATION = "organization"
    CUSTOMER = "customer"
    MONITOR = "monitor"


Own: TypeAlias = "Policy | Mode | None"
"""The own policy of a level: a policy, a preset, or nothing."""

_SELECT = {
    Level.ORGANIZATION: "SELECT organization.policy AS organization FROM organization WHERE organization.id = $1",
    Level.CUSTOMER: """
        SELECT organization.policy AS organization, customer.policy AS customer,
          customer.alert_location_threshold_count AS threshold
        FROM customer JOIN organization ON organization.id = customer.organization_id WHERE customer.id = $1
        """,
    Level.MONITOR: """
        SELECT organization.policy AS organization, customer.policy AS customer,
          customer.alert_location_threshold_count AS threshold, monitor.policy AS monitor, monitor.mode
        FROM monitor JOIN customer ON customer.id = monitor.customer_id
          JOIN organization ON organization.id = monitor.organization_id
        WHERE monitor.id = $1 AND monitor.deleted_at IS NULL
        """,
}


async def levels_of(database: Database, level: Level, number: int) -> Levels | None:
    """What is set at this level and above it; None when there is no such organization, customer or monitor."""
    async with database.connection() as connection:
        return await _levels(connection, level, number)


async def change(database: Database, level: Level, number: int, decide: Callable[[Levels], Own]) -> Levels | None:
    """Replace the own policy of this level, while its row is locked; None when it does not exist.

    A monitor's preset is stored as its mode, so that it uses its locations accordingly and AlertSite's clients can read
    it.
    """
    async with database.transaction() as connection:
        levels = await _levels(connection, level, number, lock=True)
        if levels is None:
            return None
        own = decide(levels)
        if level is Level.MONITOR:
            await connection.execute(
                "UPDATE monitor SET policy = $2, mode = $3, updated_at = clock_timestamp() WHERE id = $1",
                number,
                _stored(own) if isinstance(own, Policy) else None,
                own if isinstance(own, Mode) else None,
            )
        else:
            await connection.execute(
                f"UPDATE {level.value} SET policy = $2, updated_at = clock_timestamp() WHERE id = $1",  # noqa: S608
                number,
                _stored(PRESETS[own] if isinstance(own, Mode) else own),
            )
        return await _levels(connection, level, number)


async def _levels(connection: Connection, level: Level, number: int, *, lock: bool = False) -> Levels | None:
    row = await connection.fetchrow(_SELECT[level] + (f" FOR NO KEY UPDATE OF {level.value}" if lock else ""), number)
    return levels_from(row) if row else None


def levels_from(row: Any) -> Levels:
    """From columns named like the fields of Levels; fields without a column are None."""
    values = dict(row)
    return Levels(
        organization=_policy(values.get("organization")),
        customer=_policy(values.get("customer")),
        threshold=values.get("threshold"),
        monitor=_policy(values.get("monitor")),
        mode=Mode(values["mode"]) if values.get("mode") else None,
    )


def _stored(policy: Policy | None) -> dict[str, Any] | None:
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
