"""Monitors as the scheduler and the dispatcher read them: few fields, all organizations, with their effective
countries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from controller.decisions.evaluation.policies import Levels
from controller.decisions.monitors.inherited import CountryLevels, with_inherited
from controller.model import ScheduledMonitor
from controller.off_loop import off_loop
from controller.store.monitors.policies import levels_from
from controller.store.platform.pool import Database

_SCHEDULED = """
SELECT m.id, m.public_id, m.kind, m.hostname, m.port, m.config, m.interval_seconds, m.timeout_seconds,
  m.target_changed_at, m.updated_at, m.evaluation_deadline_seconds,
  CASE WHEN NOT m.resolve_dns THEN m.ipv4 END AS address, m.location_ids, m.home_location_id,
  m.rotate_locations OR p.check_locations IS NOT NULL AS rotate_locations,
  CASE WHEN m.rotate_locations OR p.check_locations IS NULL THEN m.locations_per_round ELSE p.check_locations END
    AS locations_per_round,
  m.allowed_check_country_codes AS monitor_countries, c.allowed_check_country_codes AS customer_countries,
  o.allowed_check_country_codes AS organization_countries,
  m.mode, m.policy AS monitor, c.policy AS customer, c.alert_location_threshold_count AS threshold,
  p.policy AS package, o.policy AS organization
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
  LEFT JOIN package p ON p.organization_id = c.organization_id AND p.package_type = c.package_type
WHERE m.deleted_at IS NULL AND m.status <> 'disabled'
"""
_BY_ID = """
SELECT m.id, m.public_id, m.kind, m.hostname, m.port, m.config, m.interval_seconds, m.timeout_seconds,
  m.target_changed_at, m.updated_at, m.evaluation_deadline_seconds,
  CASE WHEN NOT m.resolve_dns THEN m.ipv4 END AS address, m.location_ids, m.home_location_id,
  m.rotate_locations OR p.check_locations IS NOT NULL AS rotate_locations,
  CASE WHEN m.rotate_locations OR p.check_locations IS NULL THEN m.locations_per_round ELSE p.check_locations END
    AS locations_per_round,
  m.allowed_check_country_codes AS monitor_countries, c.allowed_check_country_codes AS customer_countries,
  o.allowed_check_country_codes AS organization_countries,
  m.mode, m.policy AS monitor, c.policy AS customer, c.alert_location_threshold_count AS threshold,
  p.policy AS package, o.policy AS organization
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
  LEFT JOIN package p ON p.organization_id = c.organization_id AND p.package_type = c.package_type
WHERE m.deleted_at IS NULL AND m.id = ANY ($1::bigint[]) AND (m.status <> 'disabled' OR $2)
ORDER BY m.id
"""
_UNDECIDED = """
SELECT state.monitor_id, state.state ->> 'reason' AS reason, state.blind_ids
FROM monitor_state AS state JOIN monitor ON monitor.id = state.monitor_id
WHERE state.verdict = 'unknown' AND state.state ->> 'takenMs' IS NOT NULL AND state.monitor_id > $1
  AND monitor.deleted_at IS NULL AND monitor.status <> 'disabled'
ORDER BY state.monitor_id LIMIT $2
"""
_COUNTRIES = tuple(f"{level}_countries" for level in CountryLevels._fields)


async def scheduled_monitors(database: Database) -> list[ScheduledMonitor]:
    """Every monitor that is to be checked: active or in maintenance, not deleted."""
    async with database.connection() as connection:
        rows = await connection.fetch(_SCHEDULED)
    return await off_loop(_records, rows)


async def scheduled_monitor(database: Database, monitor_id: int) -> ScheduledMonitor | None:
    """None when the monitor is disabled, deleted or was never there."""
    return await _one(database, monitor_id, in_any_status=False)


async def monitor_to_trigger(database: Database, monitor_id: int) -> ScheduledMonitor | None:
    """The same for a monitor in any status: a disabled one can be triggered, a deleted one cannot."""
    return await _one(database, monitor_id, in_any_status=True)


async def _one(database: Database, monitor_id: int, *, in_any_status: bool) -> ScheduledMonitor | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(_BY_ID, [monitor_id], in_any_status)
    return _record(row) if row else None


class UndecidedMonitor(NamedTuple):
    """A monitor whose verdict is unknown, for this reason; `blind_ids` are the locations that were blind in its latest
    evaluation.
    """

    monitor: ScheduledMonitor
    reason: str
    blind_ids: frozenset[int]


async def undecided_monitors(database: Database, after: int, at_most: int) -> list[UndecidedMonitor]:
    """The next ones after the monitor `after`, by id."""
    async with database.connection() as connection:
        states = {row["monitor_id"]: row for row in await connection.fetch(_UNDECIDED, after, at_most)}
        rows = await connection.fetch(_BY_ID, list(states), False)
    return await off_loop(_undecided, rows, states)


def _undecided(rows: Sequence[Any], states: Mapping[int, Any]) -> list[UndecidedMonitor]:
    known = [(_record(row), states[row["id"]]) for row in rows]
    return [
        UndecidedMonitor(monitor, state["reason"] or "", frozenset(state["blind_ids"] or ()))
        for monitor, state in known
    ]


def _records(rows: Sequence[Any]) -> list[ScheduledMonitor]:
    return [_record(row) for row in rows]


def _record(row: Any) -> ScheduledMonitor:
    values = dict(row)
    countries = CountryLevels._make([values.pop(name) for name in _COUNTRIES])
    levels = levels_from({name: values.pop(name) for name in Levels._fields})
    return with_inherited(values, countries, levels)
