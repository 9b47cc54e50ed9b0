"""Maintenance windows: stored, read, changed and deleted. Their occurrences are kept by
`controller.store.maintenance.occurring`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from controller.model.maintenance import MaintenanceWindow, NewWindow, TargetNumbers
from controller.store.platform.pool import Connection

_READ = """
SELECT maintenance_window.id, maintenance_window.public_id, maintenance_window.organization_id,
  maintenance_window.customer_id, customer.public_id AS customer_public_id, maintenance_window.name,
  maintenance_window.description, maintenance_window.time_zone, starts_on AS start, ends_on AS "end", recurrence,
  effect, enabled, of_status, account.email AS made_by, maintenance_window.created_at, maintenance_window.updated_at,
  json_build_object('organization', whole_organization) AS targets,
  (
    SELECT json_agg(json_build_object('id', monitor.id, 'public_id', monitor.public_id, 'name', monitor.name,
      'kind', monitor.kind, 'customer_id', monitor.customer_id) ORDER BY monitor.id)
    FROM maintenance_target JOIN monitor ON monitor.id = monitor_id AND deleted_at IS NULL
    WHERE window_id = maintenance_window.id
  ) AS monitors,
  (
    SELECT json_agg(json_build_object('id', named.id, 'public_id', named.public_id, 'name', named.name)
      ORDER BY named.id)
    FROM maintenance_target JOIN customer AS named ON named.id = maintenance_target.customer_id
    WHERE window_id = maintenance_window.id
  ) AS customers,
  (
    SELECT json_agg(json_build_object('id', location.id, 'code', location.code, 'name', location.name)
      ORDER BY location.id)
    FROM maintenance_target JOIN location ON location.id = location_id AND removed_at IS NULL
    WHERE window_id = maintenance_window.id
  ) AS locations,
  (
    SELECT json_agg(json_build_array(label_key, label_value) ORDER BY label_key, label_value)
    FROM maintenance_target WHERE window_id = maintenance_window.id AND label_key IS NOT NULL
  ) AS labels,
  (
    SELECT json_agg(json_build_array(planned_at, from_at, to_at, moved) ORDER BY from_at)
    FROM maintenance_occurrence
    WHERE window_id = maintenance_window.id
      AND (
        moved AND from_at > now() - interval '40 days'
        OR from_at <= clock_timestamp() AND (to_at IS NULL OR to_at > clock_timestamp())
      )
  ) AS stored
FROM maintenance_window
LEFT JOIN customer ON customer.id = maintenance_window.customer_id
LEFT JOIN account ON account.id = made_by
WHERE ($1::bigint IS NULL OR maintenance_window.organization_id = $1)
  AND ($2::bigint[] IS NULL OR maintenance_window.customer_id = ANY ($2))
  AND ($3::bigint IS NULL OR maintenance_window.id = $3) AND ($4::uuid IS NULL OR maintenance_window.public_id = $4)
  AND ($6::bigint IS NULL OR maintenance_window.id IN (SELECT window_id FROM maintained_monitor WHERE monitor_id = $6))
ORDER BY maintenance_window.id LIMIT $5
"""

MOST_LISTED = 10_000


async def insert(connection: Connection, new: NewWindow) -> int:
    """Returns the number of the window. It has no occurrences yet."""
    number: int = await connection.fetchval(
        """
        INSERT INTO maintenance_window (organization_id, customer_id, name, description, time_zone, starts_on, ends_on,
          recurrence, effect, enabled, whole_organization, made_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
        """,
        new.organization_id,
        new.customer_id,
        new.name,
        new.description,
        new.time_zone,
        new.start,
        new.end,
        None if new.recurrence is None else msgspec.to_builtins(new.recurrence),
        new.effect,
        new.enabled,
        new.targets.organization,
        new.made_by,
    )
    await _write_targets(connection, number, new.targets)
    return number


async def change(connection: Connection, number: int, new: NewWindow) -> None:
    """Replace what can be changed of a window: everything but its organization and who made it."""
    await connection.execute(
        """
        UPDATE maintenance_window SET customer_id = $2, name = $3, description = $4, time_zone = $5, starts_on = $6,
          ends_on = $7, recurrence = $8, effect = $9, enabled = $10, whole_organization = $11,
          updated_at = clock_timestamp()
        WHERE id = $1
        """,
        number,
        new.customer_id,
        new.name,
        new.description,
        new.time_zone,
        new.start,
        new.end,
        None if new.recurrence is None else msgspec.to_builtins(new.recurrence),
        new.effect,
        new.enabled,
        new.targets.organization,
    )
    await connection.execute("DELETE FROM maintenance_target WHERE window_id = $1", number)
    await _write_targets(connection, number, new.targets)


async def touch(connection: Connection, number: int) -> None:
    """Note that an occurrence of the window was moved."""
    await connection.execute("UPDATE maintenance_window SET updated_at = clock_timestamp() WHERE id = $1", number)


async def delete(connection: Connection, numbers: Sequence[int]) -> None:
    await connection.execute("DELETE FROM maintenance_window WHERE id = ANY ($1::bigint[])", numbers)


_LOCK_STATUS = """
SELECT FROM monitor WHERE id IN (
  SELECT of_status FROM maintenance_window
  WHERE ($1::bigint IS NULL OR organization_id = $1) AND (id = $2 OR public_id = $3)
)
ORDER BY id FOR NO KEY UPDATE
"""


async def lock(connection: Connection, organization_id: int | None, identifier: int | UUID) -> MaintenanceWindow | None:
    """The window, whose row stays locked until the transaction ends. A change of a monitor's status locks the monitor
    and then the window that stands for the status, so the monitor of such a window is locked first.
    """
    number, public_id = (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
    await connection.execute(_LOCK_STATUS, organization_id, number, public_id)
    await connection.execute(
        "SELECT FROM maintenance_window"
        " WHERE ($1::bigint IS NULL OR organization_id = $1) AND (id = $2 OR public_id = $3) FOR UPDATE",
        organization_id,
        number,
        public_id,
    )
    return await by_identifier(connection, organization_id, identifier)


async def by_identifier(
    connection: Connection, organization_id: int | None, identifier: int | UUID
) -> MaintenanceWindow | None:
    """By number or public id; in any organization when it is None."""
    number, public_id = (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
    row = await connection.fetchrow(_READ, organization_id, None, number, public_id, 1, None)
    return _window(row) if row else None


async def windows_of(
    connection: Connection,
    organization_id: int,
    customer_ids: Collection[int] | None = None,
    *,
    monitor_id: int | None = None,
) -> list[MaintenanceWindow]:
    """The windows of these customers (None: of all and the organization's own), oldest first; with `monitor_id` only
    those for this monitor.
    """
    limits = None if customer_ids is None else sorted(customer_ids)
    rows = await connection.fetch(_READ, organization_id, limits, None, None, MOST_LISTED, monitor_id)
    return [_window(row) for row in rows]


async def numbers_for_monitor(connection: Connection, organization_id: int, monitor: UUID) -> set[int]:
    """The windows that are for the monitor with this public id."""
    rows = await connection.fetch(
        """
        SELECT window_id FROM maintained_monitor JOIN monitor ON monitor.id = monitor_id
        WHERE monitor.public_id = $1 AND monitor.organization_id = $2 AND monitor.deleted_at IS NULL
        """,
        monitor,
        organization_id,
    )
    return {row["window_id"] for row in rows}


async def how_many(connection: Connection, organization_id: int) -> int:
    """The organization's windows, without those that are a monitor's status."""
    number: int = await connection.fetchval(
        "SELECT count(*) FROM maintenance_window WHERE organization_id = $1 AND of_status IS NULL", organization_id
    )
    return number


async def _write_targets(connection: Connection, number: int, targets: TargetNumbers) -> None:
    rows = [
        *((number, one, None, None, None, None) for one in sorted(targets.monitors)),
        *((number, None, one, None, None, None) for one in sorted(targets.customers)),
        *((number, None, None, one, None, None) for one in sorted(targets.locations)),
        *((number, None, None, None, one.key, one.value) for one in targets.labels),
    ]
    await connection.executemany(
        "INSERT INTO maintenance_target (window_id, monitor_id, customer_id, location_id, label_key, label_value)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        rows,
    )


def _window(row: Any) -> MaintenanceWindow:
    values = dict(row)
    for name in ("monitors", "customers", "locations", "labels"):
        values["targets"][name] = values.pop(name) or []
    values["stored"] = values["stored"] or []
    return msgspec.convert(values, MaintenanceWindow)
