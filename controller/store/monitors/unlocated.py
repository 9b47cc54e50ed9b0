"""Monitors that are to be checked, and have no enabled location that may check them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection, Database

# Which locations are a monitor's: controller.decisions.schedule.rotation.may_check.
_ALL = """
SELECT m.id, m.public_id, m.name, m.kind, m.hostname, m.location_ids IS NOT NULL AS listed,
  effective_countries(
    m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes
  ) AS country_codes,
  EXISTS (SELECT FROM location WHERE location.enabled AND location.removed_at IS NULL) AS any_enabled
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
WHERE m.deleted_at IS NULL AND m.status <> 'disabled' AND NOT EXISTS (
  SELECT FROM location
  WHERE location.enabled AND location.removed_at IS NULL
    AND may_check(
      location.id, location.country_code,
      effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes),
      m.location_ids, m.home_location_id
    )
)
ORDER BY m.id
"""
_ONE = """
SELECT m.id, m.public_id, m.name, m.kind, m.hostname, m.location_ids IS NOT NULL AS listed,
  effective_countries(
    m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes
  ) AS country_codes,
  EXISTS (SELECT FROM location WHERE location.enabled AND location.removed_at IS NULL) AS any_enabled
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
WHERE m.deleted_at IS NULL AND m.status <> 'disabled' AND m.id = $1 AND NOT EXISTS (
  SELECT FROM location
  WHERE location.enabled AND location.removed_at IS NULL
    AND may_check(
      location.id, location.country_code,
      effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes),
      m.location_ids, m.home_location_id
    )
)
"""
_COUNT = """
SELECT count(*)
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
WHERE m.deleted_at IS NULL AND m.status <> 'disabled' AND NOT EXISTS (
  SELECT FROM location
  WHERE location.enabled AND location.removed_at IS NULL
    AND may_check(
      location.id, location.country_code,
      effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes),
      m.location_ids, m.home_location_id
    )
)
"""


class UnlocatedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor without a location. `listed`: it names its locations; `country_codes` are the effective ones, None for
    all; `any_enabled`: there are enabled locations.
    """

    id: int
    public_id: UUID
    name: str
    kind: str
    hostname: str
    listed: bool
    country_codes: list[str] | None
    any_enabled: bool


async def unlocated_monitors(database: Database) -> list[UnlocatedMonitor]:
    """All of them, oldest first. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(_ALL)
    return [_record(row) for row in rows]


async def count(database: Database) -> int:
    """How many there are. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        number: int = await connection.fetchval(_COUNT)
    return number


async def unlocated(connection: Connection, monitor_id: int) -> UnlocatedMonitor | None:
    """The monitor if it is one of them."""
    row = await connection.fetchrow(_ONE, monitor_id)
    return _record(row) if row else None


async def titles_of(database: Database, public_ids: Collection[str]) -> dict[str, str]:
    """For example "MX of example.com (smtp mail.example.com)", by public id; of deleted monitors too."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT public_id::text, name, kind, hostname FROM monitor WHERE public_id = ANY ($1::uuid[])",
            [UUID(public_id) for public_id in public_ids],
        )
    return {public_id: title(*rest) for public_id, *rest in rows}


def title(name: str, kind: str, hostname: str) -> str:
    return f"{name} ({kind} {hostname})"


def _record(row: Any) -> UnlocatedMonitor:
    return UnlocatedMonitor(**row)
