"""Many monitors read, changed or deleted by one statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policies import Levels
from controller.decisions.evaluation.policy import Policy
from controller.decisions.monitors.target_change import changes_target
from controller.model import Mode, Monitor, MonitorStatus
from controller.model.monitor_list import MonitorFilter
from controller.off_loop import off_loop
from controller.store.maintenance import by_status
from controller.store.monitors.listed import filter_values
from controller.store.monitors.policies import levels_from, stored_policy
from controller.store.platform.pool import Database
from shared.clock import utc_now

# Rows are locked without their keys: who makes another monitor depend on one of these holds that other one, and shares
# the key of this one. Were keys locked too, both could wait for each other.

# The parameters are those of a list's filter, and how many.
_LOCK_MATCHING = """
WITH locked AS (
  SELECT m.*
  FROM monitor m LEFT JOIN monitor_state s ON s.monitor_id = m.id
  WHERE m.organization_id = $1 AND m.deleted_at IS NULL AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
    AND ($3::text[] IS NULL OR m.kind = ANY ($3))
    AND ($4::text[] IS NULL
      OR display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) = ANY ($4))
    AND ($5::text[] IS NULL OR m.id IN (
      SELECT monitor_id FROM latest JOIN location ON location.id = location_id WHERE country_code = ANY ($5)))
    AND ($6::jsonb IS NULL OR m.labels @> $6) AND ($7::text[] IS NULL OR m.labels ?& $7)
    AND ($8::text IS NULL OR m.project = $8)
    AND ($9::text IS NULL OR strpos(lower(m.name), lower($9)) > 0 OR strpos(lower(m.hostname), lower($9)) > 0
      OR m.customer_id IN (SELECT id FROM customer WHERE organization_id = $1 AND strpos(lower(name), lower($9)) > 0))
  ORDER BY m.id LIMIT $10
  FOR NO KEY UPDATE OF m
)
SELECT row_to_json(shown)::text AS found, organization.policy AS organization, package.policy AS package,
  package.check_interval_minutes AS least_minutes, owner.policy AS customer,
  owner.alert_location_threshold_count AS threshold, shown.policy AS monitor, shown.mode
FROM (
  SELECT locked.*, set_status(locked.id, locked.status) AS set_status,
    (
      SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = locked.id
    ) AS maintenance,
    customer.name AS customer_name, NULL::timestamptz AS last_checked_at
  FROM locked JOIN customer ON customer.id = locked.customer_id
) AS shown
JOIN customer AS owner ON owner.id = shown.customer_id
JOIN organization ON organization.id = shown.organization_id
LEFT JOIN package ON package.organization_id = owner.organization_id AND package.package_type = owner.package_type
ORDER BY shown.id
"""
# An organization or NULL for any, and public ids.
_LOCK_NAMED = """
WITH locked AS (
  SELECT m.* FROM monitor m
  WHERE m.public_id = ANY ($2::uuid[]) AND ($1::bigint IS NULL OR m.organization_id = $1) AND m.deleted_at IS NULL
  ORDER BY m.id
  FOR NO KEY UPDATE OF m
)
SELECT row_to_json(shown)::text AS found, organization.policy AS organization, package.policy AS package,
  package.check_interval_minutes AS least_minutes, owner.policy AS customer,
  owner.alert_location_threshold_count AS threshold, shown.policy AS monitor, shown.mode
FROM (
  SELECT locked.*, set_status(locked.id, locked.status) AS set_status,
    (
      SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = locked.id
    ) AS maintenance,
    customer.name AS customer_name, NULL::timestamptz AS last_checked_at
  FROM locked JOIN customer ON customer.id = locked.customer_id
) AS shown
JOIN customer AS owner ON owner.id = shown.customer_id
JOIN organization ON organization.id = shown.organization_id
LEFT JOIN package ON package.organization_id = owner.organization_id AND package.package_type = owner.package_type
ORDER BY shown.id
"""
_CHANGE = """
UPDATE monitor SET
  status = CASE new.status WHEN 'disabled' THEN 'disabled' ELSE 'active' END,
  interval_seconds = new.interval_seconds,
  allowed_check_country_codes = new.allowed_check_country_codes,
  labels = new.labels,
  notify_on_error = new.notify_on_error,
  mode = new.mode,
  policy = CASE WHEN new.other_policy THEN new.policy ELSE monitor.policy END,
  updated_at = clock_timestamp(),
  target_changed_at = CASE WHEN new.moves THEN clock_timestamp() ELSE monitor.target_changed_at END
FROM json_to_recordset($1::text::json) AS new (
  id bigint, status text, interval_seconds int, allowed_check_country_codes text[], labels jsonb, mode text,
  notify_on_error boolean,
  policy json, other_policy boolean, moves boolean
)
WHERE monitor.id = new.id
"""
_DELETE = """
UPDATE monitor SET deleted_at = clock_timestamp(), updated_at = clock_timestamp() WHERE id = ANY ($1::bigint[])
"""

_read = msgspec.json.Decoder(Monitor).decode


class LockedMonitor(msgspec.Struct, frozen=True):
    """A monitor, without the moment of its latest check, and the policies that are set for it. `least_minutes` is the
    shortest interval that its customer's package allows, None when it says nothing.
    """

    monitor: Monitor
    levels: Levels
    least_minutes: int | None = None


class ChangedOne(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor before and after. With `other_policy` its own policy becomes `policy`."""

    before: Monitor
    after: Monitor
    other_policy: bool = False
    policy: Policy | None = None
    mode: Mode | None = None


async def lock_matching(
    database: Database, organization_id: int, customer_ids: frozenset[int] | None, filters: MonitorFilter, *, limit: int
) -> list[LockedMonitor]:
    """The monitors of these customers (None: of all) that match, oldest first. They stay locked until the transaction
    ends.
    """
    values = filter_values(organization_id, customer_ids, filters)
    async with database.connection() as connection:
        rows = await connection.fetch(_LOCK_MATCHING, *values, limit)
    return await off_loop(_locked, rows)


async def lock_named(
    database: Database, organization_id: int | None, public_ids: Collection[UUID]
) -> list[LockedMonitor]:
    """Those of this organization (None: of any) that exist, in the same way."""
    async with database.connection() as connection:
        rows = await connection.fetch(_LOCK_NAMED, organization_id, list(public_ids))
    return await off_loop(_locked, rows)


async def change(database: Database, changed: Sequence[ChangedOne]) -> None:
    """Store the settings that a change of many may change, and the policies. Call it in the transaction in which the
    monitors were locked.
    """
    rows = await off_loop(lambda: msgspec.json.encode([_row(one) for one in changed]).decode())
    quiet = {
        one.after.id: one.after.status is MonitorStatus.MAINTENANCE
        for one in changed
        if one.before.status is not one.after.status
    }
    async with database.connection() as connection:
        await connection.execute(_CHANGE, rows)
        await by_status.keep(connection, quiet, utc_now())


async def soft_delete(database: Database, numbers: Sequence[int]) -> None:
    async with database.connection() as connection:
        await connection.execute(_DELETE, numbers)


def _locked(rows: Sequence[Any]) -> list[LockedMonitor]:
    return [LockedMonitor(_read(row["found"]), levels_from(row), row["least_minutes"]) for row in rows]


def _row(one: ChangedOne) -> dict[str, Any]:
    after = one.after
    return {
        "id": after.id,
        "status": after.status,
        "interval_seconds": after.interval_seconds,
        "allowed_check_country_codes": after.allowed_check_country_codes,
        "labels": after.labels,
        "notify_on_error": after.notify_on_error,
        "mode": one.mode if one.other_policy else after.mode,
        "policy": stored_policy(one.policy),
        "other_policy": one.other_policy,
        "moves": changes_target(one.before, after),
    }
