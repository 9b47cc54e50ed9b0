"""Which monitors depend on which others: while a parent is down, nobody is notified of what depends on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database


class LinkedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that another one depends on, or that depends on another one."""

    id: int
    public_id: UUID
    name: str
    customer_id: int


_LARGEST_KEY = 0x7FFF_FFFF


async def lock(connection: Connection, organization_id: int) -> None:
    """Have nobody else change dependencies of the organization's monitors until the transaction ends. This is not the
    lock of store.incidents.groups, so whoever waits for a monitor's row under it holds up no evaluation.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock($1::int, $2::int)", locks.DEPENDENCIES, organization_id & _LARGEST_KEY
    )


async def parents(connection: Connection, monitor_id: int) -> list[LinkedMonitor]:
    """On which the monitor depends, by name."""
    rows = await connection.fetch(
        "SELECT monitor.id, monitor.public_id, monitor.name, monitor.customer_id FROM monitor_dependency"
        " JOIN monitor ON monitor.id = parent_id AND deleted_at IS NULL WHERE monitor_id = $1 ORDER BY name, id",
        monitor_id,
    )
    return [LinkedMonitor(**row) for row in rows]


async def children(connection: Connection, monitor_id: int, at_most: int) -> list[LinkedMonitor]:
    """Those that depend on the monitor, by name."""
    rows = await connection.fetch(
        "SELECT monitor.id, monitor.public_id, monitor.name, monitor.customer_id FROM monitor_dependency"
        " JOIN monitor ON monitor.id = monitor_id AND deleted_at IS NULL WHERE parent_id = $1"
        " ORDER BY name, id LIMIT $2",
        monitor_id,
        at_most,
    )
    return [LinkedMonitor(**row) for row in rows]


async def named(connection: Connection, organization_id: int, public_ids: Sequence[UUID]) -> list[LinkedMonitor]:
    """Those of the organization's monitors that have these ids."""
    rows = await connection.fetch(
        "SELECT id, public_id, name, customer_id FROM monitor"
        " WHERE organization_id = $1 AND public_id = ANY ($2::uuid[]) AND deleted_at IS NULL",
        organization_id,
        public_ids,
    )
    return [LinkedMonitor(**row) for row in rows]


_PARENTS = """
SELECT monitor.public_id AS monitor, parent.public_id AS parent
FROM monitor JOIN monitor_dependency ON monitor_id = monitor.id
JOIN monitor AS parent ON parent.id = parent_id AND parent.deleted_at IS NULL
WHERE monitor.public_id = ANY ($1::uuid[]) AND ($2::bigint[] IS NULL OR parent.customer_id = ANY ($2))
ORDER BY parent.name, parent.id
"""


async def parents_by_monitor(
    database: Database, public_ids: Sequence[UUID], customer_ids: frozenset[int] | None
) -> dict[UUID, list[UUID]]:
    """On which monitors of these customers (None: of all) each of the given ones depends, by name."""
    found: dict[UUID, list[UUID]] = {one: [] for one in public_ids}
    async with database.connection() as connection:
        customers = None if customer_ids is None else sorted(customer_ids)
        for row in await connection.fetch(_PARENTS, public_ids, customers):
            found[row["monitor"]].append(row["parent"])
    return found


async def replace(connection: Connection, monitor_id: int, parent_ids: Sequence[int]) -> None:
    """Have the monitor depend on these and no others, as a change of the monitor."""
    await connection.execute(
        "DELETE FROM monitor_dependency WHERE monitor_id = $1 AND parent_id <> ALL ($2::bigint[])",
        monitor_id,
        parent_ids,
    )
    await connection.execute(
        "INSERT INTO monitor_dependency (monitor_id, parent_id) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING",
        monitor_id,
        parent_ids,
    )
    await connection.execute("UPDATE monitor SET updated_at = clock_timestamp() WHERE id = $1", monitor_id)


async def organizations_of(connection: Connection, public_ids: Collection[UUID]) -> list[int]:
    """Those to which these monitors belong, in the order in which they are locked."""
    rows = await connection.fetch(
        "SELECT DISTINCT organization_id FROM monitor WHERE public_id = ANY ($1::uuid[]) AND deleted_at IS NULL"
        " ORDER BY organization_id",
        list(public_ids),
    )
    return [row["organization_id"] for row in rows]


async def parents_of_many(connection: Connection, numbers: Sequence[int]) -> dict[int, list[LinkedMonitor]]:
    """On which monitors each of these depends, by name."""
    found: dict[int, list[LinkedMonitor]] = {number: [] for number in numbers}
    for row in await connection.fetch(
        "SELECT monitor_id, parent.id, parent.public_id, parent.name, parent.customer_id FROM monitor_dependency"
        " JOIN monitor AS parent ON parent.id = parent_id AND parent.deleted_at IS NULL"
        " WHERE monitor_id = ANY ($1::bigint[]) ORDER BY parent.name, parent.id",
        numbers,
    ):
        parent = dict(row)
        found[parent.pop("monitor_id")].append(LinkedMonitor(**parent))
    return found


# What the monitors themselves depend on is replaced, so nobody looks beyond one of them.
_CLOSING_MANY = """
WITH RECURSIVE above (id, first) AS (
  SELECT id, id FROM unnest($2::bigint[]) AS chosen (id)
  UNION SELECT dependency.parent_id, above.first
  FROM above JOIN monitor_dependency AS dependency ON dependency.monitor_id = above.id
  WHERE above.id <> ALL ($1::bigint[])
)
SELECT id, min(first) AS first FROM above WHERE id = ANY ($1::bigint[]) GROUP BY id
"""


async def closing_circles(connection: Connection, numbers: Sequence[int], parent_ids: Sequence[int]) -> dict[int, int]:
    """Which of these monitors would be in a circle if all of them depended on these parents, each with the first
    parent that is the monitor itself or depends on it.
    """
    rows = await connection.fetch(_CLOSING_MANY, numbers, parent_ids)
    return {row["id"]: row["first"] for row in rows}


async def replace_many(connection: Connection, parents: Mapping[int, Sequence[int]]) -> None:
    """Have each monitor depend on its parents and no others."""
    pairs = [(number, parent) for number, ones in parents.items() for parent in ones]
    above = [parent for _, parent in pairs]
    below = [number for number, _ in pairs]
    await connection.execute(
        "DELETE FROM monitor_dependency AS old WHERE monitor_id = ANY ($1::bigint[]) AND NOT EXISTS ("
        " SELECT FROM unnest($2::bigint[], $3::bigint[]) AS new (monitor_id, parent_id)"
        " WHERE new.monitor_id = old.monitor_id AND new.parent_id = old.parent_id)",
        list(parents),
        below,
        above,
    )
    await connection.execute(
        "INSERT INTO monitor_dependency (monitor_id, parent_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])"
        " ON CONFLICT DO NOTHING",
        below,
        above,
    )
