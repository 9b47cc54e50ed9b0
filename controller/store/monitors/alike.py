"""Monitors that are to be checked, counted by what decides which locations check them."""

from __future__ import annotations

from collections.abc import Collection

from controller.model.locations import AlikeMonitors, MonitorTitle
from controller.store.platform.pool import Database

_ALIKE = """
SELECT country_codes, location_ids, home_location_id, count(*) AS monitors, count(*) FILTER (WHERE visible) AS visible,
  (array_agg(public_id ORDER BY name, public_id) FILTER (WHERE visible))[1:$3] AS public_ids,
  (array_agg(name ORDER BY name, public_id) FILTER (WHERE visible))[1:$3] AS names,
  (array_agg(kind ORDER BY name, public_id) FILTER (WHERE visible))[1:$3] AS kinds
FROM (
  SELECT m.public_id, m.name, m.kind, m.location_ids, m.home_location_id,
    effective_countries(
      m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes
    ) AS country_codes,
    ($1::bigint IS NULL OR m.organization_id = $1) AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2)) AS visible
  FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = m.organization_id
  WHERE m.deleted_at IS NULL AND m.status <> 'disabled'
) AS checked
GROUP BY country_codes, location_ids, home_location_id
"""


async def alike_monitors(
    database: Database, *, organization_id: int | None, customer_ids: Collection[int] | None, most: int
) -> list[AlikeMonitors]:
    """Those of every organization, in no order; visible are those of this organization and these customers (None: any),
    of which at most `most` of each group are named. Raises StoreUnavailableError.
    """
    customers = None if customer_ids is None else list(customer_ids)
    async with database.connection() as connection:
        rows = await connection.fetch(_ALIKE, organization_id, customers, most)
    return [
        AlikeMonitors(
            allowed_check_country_codes=row["country_codes"],
            location_ids=row["location_ids"],
            home_location_id=row["home_location_id"],
            monitors=row["monitors"],
            visible=row["visible"],
            titles=[
                MonitorTitle(name=name, public_id=public_id, kind=kind)
                for name, public_id, kind in zip(
                    row["names"] or (), row["public_ids"] or (), row["kinds"] or (), strict=True
                )
            ],
        )
        for row in rows
    ]
