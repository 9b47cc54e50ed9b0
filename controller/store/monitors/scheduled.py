"""Monitors as the scheduler and the dispatcher read them: few fields, all organizations, with their effective
countries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from controller.decisions.evaluation.policies import Levels, effective
from controller.decisions.evaluation.policy import Policy
from controller.model import ScheduledMonitor
from controller.off_loop import off_loop
from controller.store.monitors.policies import levels_from
from controller.store.platform.pool import Database

_SELECT = """
SELECT m.id, m.public_id, m.kind, m.hostname, m.port, m.config, m.interval_seconds, m.timeout_seconds,
  COALESCE(m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes)
    AS allowed_check_country_codes,
  m.target_changed_at, m.updated_at, m.evaluation_deadline_seconds,
  CASE WHEN NOT m.resolve_dns THEN m.ipv4 END AS address, m.location_ids,
  m.home_location_id, m.rotate_locations, m.locations_per_round, m.mode, m.policy AS monitor, c.policy AS customer,
  c.alert_location_threshold_count AS threshold, o.policy AS organization
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
WHERE m.deleted_at IS NULL
"""
_SCHEDULED = _SELECT + " AND m.status IN ('active', 'maintenance')"


async def scheduled_monitors(database: Database) -> list[ScheduledMonitor]:
    """Every monitor that is to be checked: active or in maintenance, not deleted."""
    async with database.connection() as connection:
        rows = await connection.fetch(_SCHEDULED)
    return await off_loop(_records, rows)


async def scheduled_monitor(database: Database, monitor_id: int) -> ScheduledMonitor | None:
    """None when the monitor is disabled, deleted or was never there."""
    async with database.connection() as connection:
        row = await connection.fetchrow(_SCHEDULED + " AND m.id = $1", monitor_id)
    return _record(row) if row else None


async def monitor_to_trigger(database: Database, monitor_id: int) -> ScheduledMonitor | None:
    """The same for a monitor in any status: a disabled one can be triggered, a deleted one cannot."""
    async with database.connection() as connection:
        row = await connection.fetchrow(_SELECT + " AND m.id = $1", monitor_id)
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
        rows = await connection.fetch(
            f"""
            {_SCHEDULED} AND m.id > $1 AND m.id IN (
              SELECT monitor_id FROM monitor_state WHERE verdict = 'unknown' AND state ->> 'takenMs' IS NOT NULL
            ) ORDER BY m.id LIMIT $2
            """,  # noqa: S608 - constants only
            after,
            at_most,
        )
        kept = await connection.fetch(
            "SELECT monitor_id, state ->> 'reason' AS reason, blind_ids FROM monitor_state"
            " WHERE monitor_id = ANY ($1::bigint[])",
            [row["id"] for row in rows],
        )
    known = {row["monitor_id"]: row for row in kept}
    return await off_loop(_undecided, rows, known)


def _undecided(rows: Sequence[Any], known: Mapping[int, Any]) -> list[UndecidedMonitor]:
    return [
        UndecidedMonitor(_record(row), known[row["id"]]["reason"] or "", frozenset(known[row["id"]]["blind_ids"] or ()))
        for row in rows
        if row["id"] in known
    ]


def _records(rows: Sequence[Any]) -> list[ScheduledMonitor]:
    return [_record(row) for row in rows]


def _record(row: Any) -> ScheduledMonitor:
    values = dict(row)
    levels = levels_from({name: values.pop(name) for name in Levels._fields})
    return ScheduledMonitor(**values, **policy_fields(effective(levels).policy))


def policy_fields(policy: Policy) -> dict[str, Any]:
    """The fields of a ScheduledMonitor that depend on the policy that holds for it."""
    return {"in_turn": policy.order == "sequential", "home_votes": policy.voters == "home"}
