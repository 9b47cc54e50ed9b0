"""The facts of servers by location: values that hold now, and those that held or were seen before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from controller.decisions.comparison.comparing import KeptValue
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime

KEPT_DAYS = 90
"""A value that holds no longer is kept so long after it was seen last."""
MOST_VALUES = 20
"""So many values of a fact are kept for a location, the latest ones."""

# The index by location and name has a row of each monitor there, so the monitor's own rows are found first, by its key.
_KEEP = """
WITH given AS (
  SELECT DISTINCT ON (location_id, name, value) * FROM unnest(
    $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::boolean[]
  ) AS given (location_id, name, value, address, seen_at, holds)
  ORDER BY location_id, name, value, seen_at DESC
), own AS MATERIALIZED (
  SELECT ctid AS row, location_id, name, value FROM server_fact WHERE monitor_id = $1 AND holds
), former AS (
  UPDATE server_fact AS old SET holds = false FROM own JOIN given USING (location_id, name)
  WHERE old.ctid = own.row AND given.holds AND own.value <> given.value
)
INSERT INTO server_fact AS old (monitor_id, location_id, name, value, address, first_at, last_at, holds)
SELECT $1, location_id, name, value, address, seen_at, seen_at, holds FROM given
WHERE location_id IN (SELECT id FROM location) ORDER BY 2, 3, 4
ON CONFLICT (monitor_id, location_id, name, value) DO UPDATE SET address = EXCLUDED.address,
  last_at = GREATEST(old.last_at, EXCLUDED.last_at), holds = EXCLUDED.holds
"""

_OF_MONITOR = """
SELECT location.code AS location, location.name AS location_name, location.country_code AS country, fact.name,
  fact.value, fact.address, fact.first_at,
  CASE WHEN holds THEN GREATEST(last_at, latest.facts_at) ELSE last_at END AS last_at, holds
FROM server_fact AS fact JOIN location ON location.id = fact.location_id
LEFT JOIN latest ON latest.monitor_id = fact.monitor_id AND latest.location_id = fact.location_id
WHERE fact.monitor_id = $1 AND location.removed_at IS NULL
ORDER BY country, location, fact.name, holds DESC, last_at DESC, value
"""


class FactAt(NamedTuple):
    """A value of a fact at one location; `holds`: it is the present one."""

    location: str
    location_name: str
    country: str
    name: str
    value: str
    address: str | None
    first_at: datetime
    last_at: datetime
    holds: bool


async def keep(
    connection: Connection, monitor_id: int, values: Sequence[KeptValue], addresses: dict[int, str | None]
) -> None:
    """Write down values that were seen. `addresses` are those that the locations reached."""
    if values:
        await connection.execute(
            _KEEP,
            monitor_id,
            [one.location_id for one in values],
            [one.name for one in values],
            [one.value.replace("\0", " ") for one in values],
            [addresses.get(one.location_id) for one in values],
            [to_datetime(one.due_ms) for one in values],
            [one.holds for one in values],
        )


async def forget_of(connection: Connection, monitor_id: int) -> None:
    """Forget the facts of a monitor's former target."""
    await connection.execute("DELETE FROM server_fact WHERE monitor_id = $1", monitor_id)


async def of_monitor(connection: Connection, monitor_id: int) -> list[FactAt]:
    """By country, location and name, the value that holds first."""
    return [FactAt(*row) for row in await connection.fetch(_OF_MONITOR, monitor_id)]


async def forget_old(db: Database) -> None:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM server_fact WHERE NOT holds AND last_at < now() - make_interval(days => $1)", KEPT_DAYS
        )
        await connection.execute(
            """
            DELETE FROM server_fact AS old USING (
              SELECT monitor_id, location_id, name, value, row_number() OVER (
                PARTITION BY monitor_id, location_id, name ORDER BY holds DESC, last_at DESC
              ) AS place
              FROM server_fact WHERE (monitor_id, location_id, name) IN (
                SELECT monitor_id, location_id, name FROM server_fact GROUP BY 1, 2, 3 HAVING count(*) > $1
              )
            ) AS numbered
            WHERE place > $1 AND old.monitor_id = numbered.monitor_id AND old.location_id = numbered.location_id
              AND old.name = numbered.name AND old.value = numbered.value
            """,
            MOST_VALUES,
        )
