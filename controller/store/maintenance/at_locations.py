"""When locations are under maintenance, by the occurrences of the windows that name them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from controller.decisions.maintenance.at_locations import LocationTime
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_ms

_TIMES = """
SELECT organization_id, maintenance_window.customer_id, location_id, from_at, to_at
FROM maintenance_target
JOIN maintenance_window ON maintenance_window.id = maintenance_target.window_id
JOIN maintenance_occurrence ON maintenance_occurrence.window_id = maintenance_window.id
WHERE location_id IS NOT NULL AND organization_id = ANY ($1::bigint[])
  AND from_at <= $3 AND (to_at IS NULL OR to_at > $2)
"""

# The organization that runs the installation is the first one. A window for one customer says nothing of a location.
_OF_INSTALLATION = """
SELECT DISTINCT location.code
FROM maintenance_target
JOIN maintenance_window ON maintenance_window.id = maintenance_target.window_id
JOIN maintenance_occurrence ON maintenance_occurrence.window_id = maintenance_window.id
JOIN location ON location.id = maintenance_target.location_id
WHERE organization_id = (SELECT min(id) FROM organization) AND maintenance_window.customer_id IS NULL
  AND from_at <= $1 AND (to_at IS NULL OR to_at > $1)
"""


async def location_times(
    connection: Connection, organization_ids: Collection[int], since: datetime, until: datetime
) -> list[LocationTime]:
    """The times of these organizations that reach into those between the two moments."""
    rows = await connection.fetch(_TIMES, list(set(organization_ids)), since, until)
    return [
        LocationTime(organization, customer, location, to_ms(from_at), None if to_at is None else to_ms(to_at))
        for organization, customer, location, from_at, to_at in rows
    ]


async def maintained_by_operators(database: Database, at: datetime) -> set[str]:
    """The codes of the locations that are under maintenance of the organization that runs the installation: its
    operators know why they are silent. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        return {row["code"] for row in await connection.fetch(_OF_INSTALLATION, at)}
