"""Monitors as the evaluator reads them: their owner, their locations, and the policy that holds for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from controller.decisions.evaluation.policies import Levels, effective
from controller.decisions.evaluation.policy import Policy
from controller.decisions.monitors.inherited import policy_fields
from controller.model import Location, ScheduledMonitor
from controller.store.events.owners import EventOwner
from controller.store.monitors.policies import levels_from
from controller.store.platform.pool import Connection


class EvaluatedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor with the policy that holds for it. It is not `watched` when it is disabled or deleted; with `retries` a
    failed check is tried again at its location.
    """

    monitor: ScheduledMonitor
    policy: Policy
    watched: bool
    retries: bool
    organization_id: int
    customer_id: int
    event_owner: EventOwner


async def evaluated_monitors(connection: Connection, monitor_ids: Sequence[int]) -> dict[int, EvaluatedMonitor]:
    """By monitor id."""
    rows = await connection.fetch(
        """
        SELECT m.id, m.public_id, m.kind, m.hostname, m.port, m.interval_seconds, m.timeout_seconds,
          effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes,
            o.allowed_check_country_codes) AS allowed_check_country_codes,
          m.target_changed_at, m.updated_at, m.evaluation_deadline_seconds, m.location_ids, m.home_location_id, m.mode,
          m.rotate_locations OR p.check_locations IS NOT NULL AS rotate_locations,
          CASE WHEN m.rotate_locations OR p.check_locations IS NULL THEN m.locations_per_round
            ELSE p.check_locations END AS locations_per_round,
          m.retry_on_failure,
          m.status <> 'disabled' AND m.deleted_at IS NULL AS watched,
          o.policy AS organization, p.policy AS package, c.policy AS customer,
          c.alert_location_threshold_count AS threshold,
          m.policy AS monitor, o.id AS organization_id, c.id AS customer_id,
          o.public_id AS organization_public_id, c.public_id AS customer_public_id
        FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = c.organization_id
          LEFT JOIN package p ON p.organization_id = c.organization_id AND p.package_type = c.package_type
        WHERE m.id = ANY ($1::bigint[])
        """,
        monitor_ids,
    )
    return {row["id"]: evaluated_monitor(row) for row in rows}


async def enabled_locations(connection: Connection) -> list[Location]:
    """By code."""
    rows = await connection.fetch(
        "SELECT id, code, name, country_code, enabled, public_key FROM location WHERE enabled ORDER BY code"
    )
    return [Location(**row) for row in rows]


def evaluated_monitor(row: Any) -> EvaluatedMonitor:
    """From a row of the statement above, or of another one with the same columns."""
    columns = dict(row)
    values = {name: columns[name] for name in ScheduledMonitor.__struct_fields__ if name in columns}
    policy = effective(levels_from({name: row[name] for name in Levels._fields})).policy
    return EvaluatedMonitor(
        monitor=ScheduledMonitor(**values, **policy_fields(policy), config={}),
        policy=policy,
        watched=row["watched"],
        retries=row["retry_on_failure"],
        organization_id=row["organization_id"],
        customer_id=row["customer_id"],
        event_owner=EventOwner(row["organization_public_id"], row["customer_public_id"], row["public_id"], row["kind"]),
    )
