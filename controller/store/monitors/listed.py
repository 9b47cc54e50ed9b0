"""The monitors of a list of our own API: which match its filters, sorted, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from controller.model import Monitor
from controller.model.monitor_list import FoundMonitor, MonitorFilter, MonitorOrder, MonitorSort
from controller.off_loop import off_loop
from controller.store.platform.pool import Database

# The parameters of all: organization, customers, kinds, states, countries, labels, keys of labels, project, search, the
# key and id of the monitor before, how many. An index has the order by name.
_BY_NAME = """
WITH page AS (
  SELECT m.id, s.verdict, lower(m.name) AS key
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
    AND ($11::bigint IS NULL OR (lower(m.name), m.id) > ($10::text, $11))
  ORDER BY lower(m.name), m.id LIMIT $12
)
SELECT page.key, page.verdict, owner.public_id AS customer, (
    SELECT row_to_json(shown)::text FROM (
      SELECT monitor.*, set_status(monitor.id, monitor.status) AS set_status,
        (
          SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = monitor.id
        ) AS maintenance,
        owner.name AS customer_name,
        (SELECT max(checked_at) FROM latest WHERE latest.monitor_id = monitor.id) AS last_checked_at
    ) AS shown
  ) AS monitor
FROM page JOIN monitor ON monitor.id = page.id JOIN customer AS owner ON owner.id = monitor.customer_id
ORDER BY page.key, page.id
"""
_BY_NAME_DESCENDING = """
WITH page AS (
  SELECT m.id, s.verdict, lower(m.name) AS key
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
    AND ($11::bigint IS NULL OR (lower(m.name), m.id) < ($10::text, $11))
  ORDER BY lower(m.name) DESC, m.id DESC LIMIT $12
)
SELECT page.key, page.verdict, owner.public_id AS customer, (
    SELECT row_to_json(shown)::text FROM (
      SELECT monitor.*, set_status(monitor.id, monitor.status) AS set_status,
        (
          SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = monitor.id
        ) AS maintenance,
        owner.name AS customer_name,
        (SELECT max(checked_at) FROM latest WHERE latest.monitor_id = monitor.id) AS last_checked_at
    ) AS shown
  ) AS monitor
FROM page JOIN monitor ON monitor.id = page.id JOIN customer AS owner ON owner.id = monitor.customer_id
ORDER BY page.key DESC, page.id DESC
"""
# And 1 or -1, and what is sorted by.
_BY_NUMBER = """
WITH page AS (
  SELECT id, verdict, key FROM (
    SELECT m.id, s.verdict, $13::int * CASE $14::text
      WHEN 'createdAt' THEN (1000000 * EXTRACT(epoch FROM m.created_at))::bigint
      WHEN 'updatedAt' THEN (1000000 * EXTRACT(epoch FROM m.updated_at))::bigint
      WHEN 'state' THEN badness(
        display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)))
      ELSE m.interval_seconds
    END AS key
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
  ) AS matching
  WHERE $11::bigint IS NULL OR (key, id) > ($10::bigint, $11)
  ORDER BY key, id LIMIT $12
)
SELECT page.key, page.verdict, owner.public_id AS customer, (
    SELECT row_to_json(shown)::text FROM (
      SELECT monitor.*, set_status(monitor.id, monitor.status) AS set_status,
        (
          SELECT json_build_array(effect, since, until) FROM monitor_in_maintenance WHERE monitor_id = monitor.id
        ) AS maintenance,
        owner.name AS customer_name,
        (SELECT max(checked_at) FROM latest WHERE latest.monitor_id = monitor.id) AS last_checked_at
    ) AS shown
  ) AS monitor
FROM page JOIN monitor ON monitor.id = page.id JOIN customer AS owner ON owner.id = monitor.customer_id
ORDER BY page.key, page.id
"""

_read = msgspec.json.Decoder(Monitor).decode


class Place(NamedTuple):
    """The place of a monitor in a list: what the list is sorted by, and its number."""

    key: str | int
    id: int


class FoundPage(NamedTuple):
    """A page, and the place of its last monitor when there are more behind it."""

    monitors: list[FoundMonitor]
    last: Place | None


def filter_values(
    organization_id: int, customer_ids: frozenset[int] | None, filters: MonitorFilter
) -> tuple[object, ...]:
    """The first nine parameters of statements that find monitors; `customer_ids` None are all customers."""
    return (
        organization_id,
        None if customer_ids is None else sorted(customer_ids),
        filters.kinds,
        filters.states,
        filters.countries,
        dict(filters.labels) or None,
        filters.label_keys or None,
        filters.project,
        filters.search,
    )


async def found_page(
    database: Database,
    organization_id: int,
    customer_ids: frozenset[int] | None,
    filters: MonitorFilter,
    order: MonitorOrder,
    *,
    after: Place | None,
    limit: int,
) -> FoundPage:
    """The monitors of these customers (None: of all) that match, behind `after` in that order."""
    values = filter_values(organization_id, customer_ids, filters)
    place = after or (None, None)
    if order.sort is MonitorSort.NAME:
        statement = _BY_NAME_DESCENDING if order.descending else _BY_NAME
        more: tuple[object, ...] = ()
    else:
        statement, more = _BY_NUMBER, (-1 if order.descending else 1, order.sort.value)
    async with database.planned_anew() as connection:
        rows = await connection.fetch(statement, *values, *place, limit + 1, *more)
    return await off_loop(_page, rows, limit)


def _page(rows: Sequence[Any], limit: int) -> FoundPage:
    found = [
        FoundMonitor(monitor=_read(row["monitor"]), customer=row["customer"], verdict=row["verdict"])
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return FoundPage(found, None)
    return FoundPage(found, Place(rows[limit - 1]["key"], found[-1].monitor.id))
