"""Windows as they are stored, for tests of what begins and ends by them."""

from __future__ import annotations

from datetime import datetime

from controller.store.maintenance import borders
from controller.store.maintenance.borders import Applied
from tests.integration.store.conftest import Store

_WINDOW = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect, whole_organization,
    expanded_until, tzdata)
  VALUES ($1, 'W', 'UTC', $2::timestamptz AT TIME ZONE 'UTC', $4, true, 'infinity', '')
  RETURNING id
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at) SELECT id, $2, $2, $3 FROM made
RETURNING window_id
"""


async def window_of_all(store: Store, first: datetime, last: datetime | None, effect: str = "silence") -> int:
    """A window for the whole organization that is stored and expanded, and not applied yet."""
    number: int = await store.value(_WINDOW, store.organization, first, last, effect)
    return number


async def applied(store: Store, since: datetime, now: datetime) -> Applied:
    """What the loop of a controller does at this moment, for all monitors that need it."""
    async with store.database.connection() as connection:
        monitors = await borders.differing(connection, since, now)
    async with store.database.transaction() as connection:
        return await borders.apply(connection, await borders.lock(connection, monitors, wait=False), since, now)
